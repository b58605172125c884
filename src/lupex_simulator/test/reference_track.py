# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""An independent calculation of a track on a slope: integrals by quadrature, the balance by bisection."""

import math

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq

G = 1.624
SOIL = np.array([1.0, 1400.0, 820e3, 170.0, math.radians(35.0), 0.018, 1580.0])
"""n, kc, kphi, c, phi, K, density: NTRS 20220010732 and FACTS."""
WEAK = np.array([1.0, 1400.0, 820e3, 170.0, math.radians(20.0), 0.1, 1500.0])
"""The worst patch of `harsh`."""


def reference_thrust(slip, load_n, crawler, soil, grip):
    """Return the thrust [N] of one track: shear stress of Janosi under a pressure that rises to the rear."""
    length, width = crawler.track_length_m, crawler.track_width_m
    mean = load_n / (length * width)

    def stress(x):
        pressure = mean * (1.0 + grip.pressure_bias * (2.0 * x / length - 1.0))
        strength = soil[3] + pressure * math.tan(soil[4])
        return grip.interface_friction * strength * -math.expm1(-slip * x / soil[5])

    return width * quad(stress, 0.0, length)[0]


def reference_resistance(slip, load_n, crawler, soil, grip):
    """Return what resists one track [N] in the rut that this slip makes for good: compaction, and the pit's front."""
    length, width = crawler.track_length_m, crawler.track_width_m
    rolling = load_n / (length * width) / (soil[1] / width + soil[2]) * (1.0 + slip) / (1.0 - 0.5 * slip)
    pressed = quad(lambda z: width * (soil[1] / width + soil[2]) * z, 0.0, rolling)[0]
    # dug with the way that slips, filled over a track length of way that is gained
    pit = grip.digging * length * slip / (1.0 - slip)
    kp = (1.0 + math.sin(soil[4])) / (1.0 - math.sin(soil[4]))
    pushed = quad(lambda z: width * (soil[6] * G * z * kp + 2.0 * soil[3] * math.sqrt(kp)), 0.0, pit)[0]
    return pressed + pushed


def reference_drive(rover, slope_rad, soil, grip, drag_factor=1.0):
    """Return (slip, electrical power [W]) of climbing at full track speed, no grousers; nan where it cannot."""
    crawler, weight = rover.crawler, rover.body.mass_kg * G
    load = 0.25 * weight * math.cos(slope_rad)
    speed = crawler.max_speed_mps

    def surplus(slip):
        # a slide of some mm/s also meets the soil's viscosity, 5 % of the load for each m/s
        viscous = 0.05 * load * slip * speed
        held = reference_resistance(slip, load, crawler, soil, grip) + 0.25 * weight * math.sin(slope_rad)
        return reference_thrust(slip, load, crawler, soil, grip) + viscous - held

    slips = np.linspace(0.0, 0.94, 189)
    enough = [slip for slip in slips if surplus(slip) > 0.0]
    if not enough:
        return math.nan, math.nan
    slip = brentq(surplus, max(enough[0] - 0.005, 0.0), enough[0]) if enough[0] > 0.0 else 0.0
    thrust = reference_thrust(slip, load, crawler, soil, grip) + 0.05 * load * slip * speed
    friction = crawler.internal_resistance_coefficient * drag_factor * load
    return slip, 4.0 * (thrust + friction) * speed / crawler.drive_efficiency
