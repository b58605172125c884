# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Physical constants of the Moon, the Sun and the Earth, in SI units."""

MOON_RADIUS_M = 1_737_400.0
"""Radius of the reference sphere of every lunar map (IAU WGCCRE 2015)."""

MOON_GRAVITY_M_S2 = 1.624
MOON_ROTATION_RAD_S = 2.6617e-6
"""Sidereal rotation rate, one turn in 27.3217 days."""

SOLAR_CONSTANT_W_M2 = 1361.0
"""Solar irradiance at one astronomical unit."""

ASTRONOMICAL_UNIT_M = 149_597_870_700.0
SUN_RADIUS_M = 6.957e8
"""Nominal solar radius (IAU 2015 resolution B3)."""

EARTH_RADIUS_M = 6_371_000.0
SPEED_OF_LIGHT_M_S = 299_792_458.0
STEFAN_BOLTZMANN = 5.670374419e-8
"""Stefan-Boltzmann constant in W m^-2 K^-4."""
