# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The true ground under the tracks: a mean soil, patches of metres about it, and weak patches to stay out of."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.configuration import setting
from lupex_worlds.smooth_field import draw_smooth_field, sum_waves
from lupex_worlds.spread import log_uniform
from lupex_worlds.truth.weak_patches import WeakPatches, WeakPatchTruth, draw_weak_patches, weak_soil

FloatArray = npt.NDArray[np.float64]

# Columns of a soil row.
BEKKER_N, KC, KPHI, COHESION, FRICTION, SHEAR_MODULUS, DENSITY = range(7)
COLUMNS = 7

_BEKKER_N = 1.0
"""[S] NTRS 20220010732, as kc: the two do not vary."""
_KC = 1400.0
_STIFFNESS_FIELD, _FRICTION_FIELD, _SLIP_FIELD = range(3)


@dataclass(frozen=True)
class GroundTruth:
    """Spread of the true soil and of how the tracks grip it; the defaults are those of the level `kind`."""

    kphi_n_m3: tuple[float, float] = setting((2e5, 1.2e6), "log-uniform", unit="N/m3", minimum=1e4, maximum=1e7)
    friction_angle_deg: tuple[float, float] = setting((30.0, 42.0), "uniform", unit="deg", minimum=15, maximum=55)
    cohesion_pa: tuple[float, float] = setting((50.0, 1000.0), "log-uniform", unit="Pa", minimum=0.1, maximum=1e4)
    shear_modulus_m: tuple[float, float] = setting((0.010, 0.025), "uniform", unit="m", minimum=0.001, maximum=0.1)
    density_kg_m3: tuple[float, float] = setting(
        (1500.0, 1660.0), "uniform, of the upper decimetres", unit="kg/m3", minimum=800, maximum=2500
    )
    patch_m: float = setting(12.0, "correlation length of the patches", unit="m", minimum=2.5, maximum=200)
    patch_log_sigma: float = setting(0.25, "of kphi and cohesion", minimum=0, maximum=1)
    patch_friction_sigma_deg: float = setting(1.5, unit="deg", minimum=0, maximum=8)
    slip_factor: tuple[float, float] = setting(
        (1.0, 1.0), "log-uniform: slip of a run over what its soil's constants tell", minimum=0.1, maximum=10
    )
    slip_patch_m: float = setting(4.0, "correlation length of the scatter of slip", unit="m", minimum=1, maximum=100)
    slip_log_sigma: float = setting(0.0, "of the scatter of slip about the run's own", minimum=0, maximum=1.5)
    interface_friction: tuple[float, float] = setting(
        (0.667, 0.667), "uniform: of a track without grousers over the soil's own strength", minimum=0.3, maximum=1
    )
    grouser_height_m: tuple[float, float] = setting((0.0, 0.0), "uniform", unit="m", minimum=0, maximum=0.05)
    pressure_bias: tuple[float, float] = setting(
        (0.15, 0.15), "uniform: pressure at a track's rear end over the mean, less 1", minimum=0, maximum=1
    )
    digging: tuple[float, float] = setting(
        (0.01, 0.01), "uniform: depth dug over the way that a track slips", unit="m/m", minimum=0, maximum=0.2
    )
    weak: WeakPatchTruth = dataclasses.field(default_factory=WeakPatchTruth)


class TrackGrip(NamedTuple):
    """How the tracks of one run grip the soil."""

    interface_friction: float = 0.667
    """Of a track without grousers, over the soil's own strength."""
    grouser_height_m: float = 0.0
    pressure_bias: float = 0.15
    """Pressure at the contact's rear end over the mean, less 1; it falls linearly to the front."""
    digging: float = 0.01
    """Depth dug for each metre that a track slips [m/m]."""


class _SoilFields(NamedTuple):
    """What the kernel reads: mean row, bounds (3, 2) of kphi, cohesion and friction, and three fields of waves."""

    mean: FloatArray
    bounds: FloatArray
    sigma: FloatArray
    """(3,): of log stiffness, of the friction angle [rad], of log slip."""
    wave_x: FloatArray
    wave_y: FloatArray
    phase: FloatArray


@dataclass(frozen=True)
class TrueSoil:
    """Soil of one run, known at any place of the map."""

    fields: _SoilFields
    weak: WeakPatches
    grip: TrackGrip

    @property
    def mean_row(self) -> FloatArray:
        """The run's mean soil (7,), with the run's slip factor in its shear modulus."""
        return self.fields.mean.copy()

    def rows(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> FloatArray:
        """Return the soil at n places as rows (n, 7): n, kc, kphi, c [Pa], phi [rad], K [m], density [kg/m3]."""
        x = np.atleast_1d(np.asarray(x_m, dtype=np.float64))
        y = np.atleast_1d(np.asarray(y_m, dtype=np.float64))
        return np.asarray(_rows(self.fields, self.weak, x, y))


def draw_soil(
    spread: GroundTruth, rng: np.random.Generator, clear: Sequence[tuple[float, float]] = ((0.0, 0.0),)
) -> TrueSoil:
    """Draw the run's soil and tracks; no weak patch comes near the places `clear` (x, y) of the map.

    Raises ValueError when weak patches would fill their squares.
    """
    mean = np.empty(COLUMNS)
    mean[BEKKER_N], mean[KC] = _BEKKER_N, _KC
    mean[KPHI] = log_uniform(spread.kphi_n_m3, rng)
    mean[COHESION] = log_uniform(spread.cohesion_pa, rng)
    mean[FRICTION] = math.radians(rng.uniform(*spread.friction_angle_deg))
    mean[SHEAR_MODULUS] = rng.uniform(*spread.shear_modulus_m)
    # Stiffness and friction before what came later: the draws of these stay what they were.
    waves = [draw_smooth_field(length, rng) for length in (spread.patch_m, spread.patch_m, spread.slip_patch_m)]
    mean[DENSITY] = rng.uniform(*spread.density_kg_m3)
    mean[SHEAR_MODULUS] *= log_uniform(spread.slip_factor, rng)
    grip = TrackGrip(
        float(rng.uniform(*spread.interface_friction)),
        float(rng.uniform(*spread.grouser_height_m)),
        float(rng.uniform(*spread.pressure_bias)),
        float(rng.uniform(*spread.digging)),
    )
    low, high = (math.radians(angle) for angle in spread.friction_angle_deg)
    fields = _SoilFields(
        mean,
        np.array([spread.kphi_n_m3, spread.cohesion_pa, (low, high)]),
        np.array([spread.patch_log_sigma, math.radians(spread.patch_friction_sigma_deg), spread.slip_log_sigma]),
        np.stack([field.wave_x_rad_m for field in waves]),
        np.stack([field.wave_y_rad_m for field in waves]),
        np.stack([field.phase_rad for field in waves]),
    )
    weak = draw_weak_patches(spread.weak, rng, clear)
    return TrueSoil(fields, weak, grip)


@njit(cache=True)
def _rows(fields: _SoilFields, weak: WeakPatches, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
    out = np.empty((x_m.size, COLUMNS))
    bounds = fields.bounds
    for k in range(x_m.size):
        out[k] = fields.mean
        wave = np.empty(3)
        for j in range(3):
            wave[j] = sum_waves(fields.wave_x[j], fields.wave_y[j], fields.phase[j], x_m[k], y_m[k])
        stiffness = math.exp(fields.sigma[0] * wave[_STIFFNESS_FIELD])
        out[k, KPHI] = min(max(out[k, KPHI] * stiffness, bounds[0, 0]), bounds[0, 1])
        out[k, COHESION] = min(max(out[k, COHESION] * stiffness, bounds[1, 0]), bounds[1, 1])
        friction = min(max(out[k, FRICTION] + fields.sigma[1] * wave[_FRICTION_FIELD], bounds[2, 0]), bounds[2, 1])
        shear = out[k, SHEAR_MODULUS] * math.exp(fields.sigma[2] * wave[_SLIP_FIELD])
        weight, weak_friction, weak_shear = weak_soil(weak, x_m[k], y_m[k])
        # a weak patch is never the better soil
        out[k, FRICTION] = friction + weight * min(weak_friction - friction, 0.0)
        out[k, SHEAR_MODULUS] = shear + weight * max(weak_shear - shear, 0.0)
    return out
