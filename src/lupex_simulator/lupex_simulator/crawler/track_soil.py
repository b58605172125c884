# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Kernels of one track on true soil: traction under uneven pressure, grousers, sinkage, soil pushed aside."""

import math

from numba import njit

from lupex_models.constants import MOON_GRAVITY_M_S2
from lupex_worlds.truth.soil_truth import BEKKER_N, COHESION, DENSITY, FRICTION, KC, KPHI, SHEAR_MODULUS

STANDING_MPS = 1e-6
"""A track below this speed is at rest."""
_CREEP_MPS = 1e-4
"""Speed through which a resistance turns round: smooth, so that the balance can be solved."""
_SIDE_SHARE = 0.02
"""[A] side slip over track speed at which the soil beside a track is pushed in full."""
_FULL_GROUSER_M = 0.015
"""[A] height of grousers at which 63 % of the contact shears soil against soil."""
_SLIDE_VISCOSITY_S_M = 0.05
"""[A] force over load for each m/s of slide: past the limit of traction the rover slides, bounded."""


@njit(cache=True)
def grip_strengths(load_n, track, soil):  # type: ignore[no-untyped-def]
    """Return the largest thrust [N] of a contact, (from cohesion, from friction).

    Mohr-Coulomb with the grousers' side planes (Bekker 1969; Wong 2008, sect. 4.2). A track without grousers slides
    along its own face, at a share of the soil's strength.
    """
    length, width, height = track.length_m, track.width_m, track.grouser_height_m
    share = 1.0 - (1.0 - track.interface_friction) * math.exp(-height / _FULL_GROUSER_M)
    side = 2.0 * height / width
    wall = 0.32 * side * math.atan2(width, height) if height > 0.0 else 0.0
    cohesive = soil[COHESION] * length * width * (1.0 + side)
    return share * cohesive, share * max(load_n, 0.0) * math.tan(soil[FRICTION]) * (1.0 + wall)


@njit(cache=True)
def mobilised(a):  # type: ignore[no-untyped-def]
    """Return (even, tilted, their derivatives) of the strength's mobilised share for a = slide ratio x length / K.

    Janosi and Hanamoto (1961), 1 - exp(-a t) over the contact t = 0..1 from its front, weighted by 1 and by 2 t - 1:
    a pressure that rises to the rear loads the soil that is already sheared.
    """
    if a < 1e-3:
        return 0.5 * a - a * a / 6.0, a / 6.0 - a * a / 12.0, 0.5 - a / 3.0, 1.0 / 6.0 - a / 6.0
    decay = math.exp(-a)
    first = (1.0 - decay) / a
    second = (1.0 - decay * (1.0 + a)) / (a * a)
    # the third moment cancels out in doubles for small a
    third = (2.0 - decay * (a * a + 2.0 * a + 2.0)) / (a * a * a) if a > 0.01 else 1.0 / 3.0 - a / 4.0 + a * a / 10.0
    return 1.0 - first, first - 2.0 * second, second, 2.0 * third - second


@njit(cache=True)
def rolling_sinkage(load_n, track, soil):  # type: ignore[no-untyped-def]
    """Return the static sinkage [m] of a track under its mean pressure (Bekker 1969)."""
    pressure = max(load_n, 0.0) / (track.length_m * track.width_m)
    return (pressure / (soil[KC] / track.width_m + soil[KPHI])) ** (1.0 / soil[BEKKER_N])


@njit(cache=True)
def slip_sinkage_factor(slip):  # type: ignore[no-untyped-def]
    """Return sinkage at a slip over the static one: (1 + s) / (1 - s / 2) (Lyasko 2010), of a skid as of a slip."""
    s = min(abs(slip), 1.0)
    return (1.0 + s) / (1.0 - 0.5 * s)


@njit(cache=True)
def compaction_resistance(sinkage_m, track, soil):  # type: ignore[no-untyped-def]
    """Return the force [N] spent on pressing the rut (Bekker 1969)."""
    n = soil[BEKKER_N]
    return track.width_m * (soil[KC] / track.width_m + soil[KPHI]) * sinkage_m ** (n + 1.0) / (n + 1.0)


@njit(cache=True)
def passive_force(depth_m, width_m, soil):  # type: ignore[no-untyped-def]
    """Return the force [N] that pushes a wall of soil: b (g rho z^2 Kp / 2 + 2 c z sqrt(Kp)) (Rankine, passive)."""
    root = math.tan(0.25 * math.pi + 0.5 * soil[FRICTION])
    weight = 0.5 * soil[DENSITY] * MOON_GRAVITY_M_S2 * depth_m * depth_m * root * root
    return width_m * (weight + 2.0 * soil[COHESION] * depth_m * root)


@njit(cache=True)
def shear(slide_mps, track_mps, load_n, track, soil):  # type: ignore[no-untyped-def]
    """Return (shear force [N] over slide speed, derivative of the force by it) of a contact at a slide speed.

    Soil is sheared by the slide over the time that the track lies on it (Wong 2008, sect. 6.3). A track at rest stays
    on the same soil, so that any creep mobilises its strength.
    """
    cohesive, frictional = grip_strengths(load_n, track, soil)
    speed = abs(track_mps)
    viscous = _SLIDE_VISCOSITY_S_M * max(load_n, 0.0)
    if speed <= STANDING_MPS:
        root = math.hypot(slide_mps, _CREEP_MPS)
        secant = (cohesive + frictional) / root
        return secant + viscous, secant * (_CREEP_MPS / root) ** 2 + viscous
    stretch = track.length_m / (max(soil[SHEAR_MODULUS], 1e-4) * speed)
    even, tilted, even_rise, tilted_rise = mobilised(slide_mps * stretch)
    bias = track.pressure_bias
    rise = stretch * (cohesive * even_rise + frictional * (even_rise + bias * tilted_rise))
    if slide_mps * stretch < 1e-9:
        return rise + viscous, rise + viscous
    return (cohesive * even + frictional * (even + bias * tilted)) / slide_mps + viscous, rise + viscous


@njit(cache=True)
def resistances(rolling_m, pit_m, load_n, track, soil):  # type: ignore[no-untyped-def]
    """Return what resists a track in its rut [N]: (along it, across it).

    Along: compaction, and the front of the pit that its slip has dug. Across: the rut's side wall (Hegedus 1960).
    """
    if load_n <= 0.0:
        return 0.0, 0.0
    along = compaction_resistance(rolling_m, track, soil) + passive_force(pit_m, track.width_m, soil)
    return along, passive_force(rolling_m + pit_m, track.length_m, soil)


@njit(cache=True)
def unit_force(track_mps, along_mps, across_mps, load_n, resisting, track, soil):  # type: ignore[no-untyped-def]
    """Return the soil's force on a unit (along, across) and its stiffness against the velocity (aa, ac, cc) [N s/m].

    Velocity over ground and forces in the unit's own frame: along its track, and to its left; `resisting` as of
    `resistances`. The stiffness is minus the derivative of the force, symmetric and positive definite: the force
    derives from a convex potential of the velocity.
    """
    sa, sc = track_mps - along_mps, -across_mps
    slide = math.hypot(sa, sc)
    secant, rise = shear(slide, track_mps, load_n, track, soil)
    bend = (rise - secant) / (slide * slide) if slide > 1e-12 else 0.0
    side_mps = max(_SIDE_SHARE * abs(track_mps), _CREEP_MPS)
    root_a, root_c = math.hypot(along_mps, _CREEP_MPS), math.hypot(across_mps, side_mps)
    force_a = secant * sa - resisting[0] * along_mps / root_a
    force_c = secant * sc - resisting[1] * across_mps / root_c
    stiff_aa = secant + bend * sa * sa + resisting[0] * (_CREEP_MPS / root_a) ** 2 / root_a
    stiff_cc = secant + bend * sc * sc + resisting[1] * (side_mps / root_c) ** 2 / root_c
    return force_a, force_c, stiff_aa, bend * sa * sc, stiff_cc
