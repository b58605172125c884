# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The certificate of the way back: what is left against the worst need around the place where the rover may be."""

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.config import CertificateConfig
from lupex_path_planning.way_back.measured_factors import Allowance, MeasuredFactors
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PoseEstimate:
    """Place in the map with its covariance (2, 2) [m2], and speed."""

    time_s: float
    x_m: float
    y_m: float
    covariance_m2: Array
    speed_mps: float
    lost: bool = False

    @property
    def sigma_m(self) -> float:
        """One sigma along the longer axis, inf where a covariance is none."""
        shorter, longer, _ = _axes(self.covariance_m2)
        return math.sqrt(longer) if shorter >= -1e-9 else math.inf


@dataclass(frozen=True)
class PowerEstimate:
    """Usable energy above empty and the balance of the bus."""

    time_s: float
    energy_j: float
    sigma_j: float
    reserve_j: float
    load_w: float
    array_w: float


@dataclass(frozen=True)
class WayBack:
    """The field of minimum safe charge, and how much more than the bound it was computed against."""

    policy: RecoveryPolicy
    allowance: Allowance = field(default_factory=Allowance)


@dataclass(frozen=True)
class Certificate:
    """Margin and what it rests on; without `valid` only `reason`, ages and time count."""

    valid: bool
    reason: str
    time_s: float
    energy_j: float = 0.0
    required_j: float = 0.0
    margin_s: float = 0.0
    turn_back_by_s: float = 0.0
    haven: tuple[float, float] = (0.0, 0.0)
    slip_factor: float = 1.0
    pace_factor: float = 1.0
    consumption_factor: float = 1.0
    position_sigma_m: float = math.inf
    pose_age_s: float = math.inf
    power_age_s: float = math.inf
    slip_age_s: float = math.inf

    @property
    def margin_j(self) -> float:
        """Energy over what is required."""
        return self.energy_j - self.required_j


def certify(
    way: WayBack | None,
    now_s: float,
    pose: PoseEstimate | None,
    power: PowerEstimate | None,
    factors: MeasuredFactors,
    config: CertificateConfig,
) -> Certificate:
    """Weigh the energy less its spread against the worst need over the place's ellipse.

    Invalid, with the reason, when an input is missing, stale, in the future or not finite, when no way back is known
    around the place, and when what was measured while driving is worse than the way back was computed for, the soil on
    a descent too: energy alone would not tell that whoever is slower also meets another light.
    """
    pose_age = now_s - pose.time_s if pose is not None else math.inf
    power_age = now_s - power.time_s if power is not None else math.inf
    stamps = [value.time_s for value in (pose, power) if value is not None and math.isfinite(value.time_s)]
    stamp = min(stamps, default=now_s)

    def refuse(reason: str) -> Certificate:
        return Certificate(
            False, reason, stamp, pose_age_s=pose_age, power_age_s=power_age, slip_age_s=now_s - factors.time_s
        )

    if pose is None or power is None:
        return refuse("no place of the rover yet" if pose is None else "no state of the battery yet")
    for age, limit, name in ((pose_age, config.pose_max_age_s, "place"), (power_age, config.power_max_age_s, "charge")):
        if not -limit <= age <= limit:
            return refuse(f"the {name} is {age:.1f} s old, more than {limit:g} s")
    if pose.lost:
        return refuse("localization is lost")
    numbers = (pose.x_m, pose.y_m, *pose.covariance_m2.ravel(), power.energy_j, power.sigma_j, power.reserve_j)
    measured = (power.load_w, power.array_w, factors.slip, factors.pace, factors.consumption)
    if not all(math.isfinite(v) for v in (*numbers, *measured)) or power.sigma_j < 0.0:
        return refuse("place, charge or what was measured is not a finite number")
    spread = pose.sigma_m
    if not spread <= config.sigma_max_m:
        return refuse(f"the place is known to {spread:.0f} m only")
    if way is None:
        return refuse("the way back has not been computed yet")
    policy = way.policy
    if not policy.start_s <= now_s < policy.end_s:
        return refuse("the computed way back does not cover this time")
    dearer = factors.dearer
    if not (factors.slower <= config.factor_max and dearer <= config.factor_max):
        return refuse(f"measured slip, pace or consumption is over {config.factor_max:g} times the bound")
    if not (factors.proven_slower <= way.allowance.pace and dearer <= way.allowance.consumption):
        return refuse("measured slip, pace or consumption is more than the way back was computed for; it is done anew")
    if not way.allowance.soil.bears(factors.soil):
        return refuse("the soil is weaker than the way back was computed for; it is done anew")
    cells = ellipse_cells(policy, pose, config.sigma)
    if not cells:
        return refuse("the rover may be outside the planner's map of the site")
    more_reserve = max(power.reserve_j - policy.reserve_j, 0.0)
    needed, at = worst_need(policy, now_s, cells)
    needed += more_reserve
    if not math.isfinite(needed):
        return refuse("no way back to sunlight is proven from here")
    energy = power.energy_j - config.sigma * power.sigma_j
    net_w = max(power.load_w - power.array_w, 0.0) * policy.moves.discharge
    horizon_s = policy.end_s - now_s
    margin_s = min((energy - needed) / net_w if net_w > 0.0 else math.copysign(math.inf, energy - needed), horizon_s)
    columns = policy.grid.shape[1]
    haven = policy.haven_from(now_s, *divmod(at, columns))
    row, column = divmod(haven if haven >= 0 else at, columns)
    return Certificate(
        True,
        "",
        stamp,
        energy,
        needed,
        max(margin_s, -horizon_s),
        _turn_back_by(policy, now_s, energy, net_w, cells, more_reserve),
        policy.grid.place(row, column),
        max(factors.slip, 1.0),
        max(factors.pace, 1.0),
        dearer,
        spread,
        pose_age,
        power_age,
        now_s - factors.time_s,
    )


def _axes(covariance: Array) -> tuple[float, float, float]:
    """Return an ellipse's variances along its shorter and longer axis, and the direction of the longer one [rad]."""
    (xx, xy), (yx, yy) = covariance.tolist()
    across = 0.5 * (xy + yx)
    middle, off = 0.5 * (xx + yy), math.hypot(0.5 * (xx - yy), across)
    return middle - off, middle + off, 0.5 * math.atan2(2.0 * across, xx - yy)


def ellipse_cells(policy: RecoveryPolicy, pose: PoseEstimate, sigma: float, ahead_m: float = 0.0) -> list[int]:
    """Return indices (row * nx + column) of all cells that the ellipse may touch; empty when it leaves the grid.

    A cell counts when its centre lies within the ellipse grown by half the cell's diagonal, and by what is driven yet.
    """
    grid = policy.grid
    here = grid.cell(pose.x_m, pose.y_m)
    if here is None:
        return []
    shorter, longer, along_rad = _axes(pose.covariance_m2)
    grown_m = grid.cell_m * math.sqrt(0.5) + ahead_m
    longer_m = sigma * math.sqrt(max(longer, 0.0)) + grown_m
    shorter_m = sigma * math.sqrt(max(shorter, 0.0)) + grown_m
    cos, sin = math.cos(along_rad), math.sin(along_rad)
    reach = math.ceil(longer_m / grid.cell_m) + 1
    ny, nx = grid.shape
    row, column = here
    cells = []
    for i in range(row - reach, row + reach + 1):
        for j in range(column - reach, column + reach + 1):
            dx, dy = grid.x0_m + j * grid.cell_m - pose.x_m, grid.y0_m + i * grid.cell_m - pose.y_m
            along, across = (cos * dx + sin * dy) / longer_m, (cos * dy - sin * dx) / shorter_m
            if (i, j) != here and along * along + across * across > 1.0:
                continue
            if not (0 <= i < ny and 0 <= j < nx):
                return []
            cells.append(i * nx + j)
    return cells


def worst_need(policy: RecoveryPolicy, time_s: float, cells: list[int]) -> tuple[float, int]:
    """Return the greatest need [J] over cells at a time, and the cell.

    Ground closed to planning that the rover may stand on counts as its worst open neighbour and the dearest two moves
    there; inf when it has none.
    """
    k = policy.light.index(time_s)
    if not 0 <= k < policy.count:
        return math.inf, cells[0]
    worst, at = _worst(policy.need_j[k], *_ground(policy), np.array(cells))
    return float(worst), int(at)


def _turn_back_by(
    policy: RecoveryPolicy, now_s: float, energy_j: float, net_w: float, cells: list[int], more_reserve_j: float
) -> float:
    """Return the first moment at which the energy, falling at the present load, no longer covers the need here."""
    span = policy.start_s, policy.light.slice_s, policy.light.index(now_s)
    energy = now_s, energy_j, net_w, more_reserve_j
    return float(_first_short(policy.need_j, *_ground(policy), np.array(cells), span, energy))


def _ground(policy: RecoveryPolicy) -> tuple[NDArray[np.bool_], Array, Array, float]:
    return policy.grid.passable, policy.moves.time_s, policy.moves.power_w, policy.moves.discharge


@njit(cache=True, nogil=True)
def _worst(field, passable, time_s, power_w, discharge, cells):  # type: ignore[no-untyped-def]
    """Return the greatest need over cells in the field (ny, nx) of a slice, and the cell."""
    ny, nx = field.shape
    worst, at = -math.inf, cells[0]
    for cell in cells:
        i, j = cell // nx, cell % nx
        value = float(field[i, j])
        if not passable[i, j]:
            near, joules = -math.inf, 0.0
            for p in range(max(i - 1, 0), min(i + 2, ny)):
                for q in range(max(j - 1, 0), min(j + 2, nx)):
                    if np.isfinite(field[p, q]):
                        near = max(near, np.float64(field[p, q]))
                    for move in range(8):
                        if np.isfinite(time_s[move, p, q]):
                            joules = max(joules, time_s[move, p, q] * power_w[move, p, q])
            joules *= discharge
            value = near + 2.0 * joules if near > -math.inf and joules > 0.0 else math.inf
        if value > worst:
            worst, at = value, cell
    return worst, at


@njit(cache=True, nogil=True)
def _first_short(need_j, passable, time_s, power_w, discharge, cells, span, energy):  # type: ignore[no-untyped-def]
    """Return when the energy, less `net_w` from now on, first falls short of the need over cells, slice by slice."""
    start_s, slice_s, first = span
    now_s, energy_j, net_w, more_reserve_j = energy
    begin_s = now_s
    for k in range(first, need_j.shape[0]):
        needed = _worst(need_j[k], passable, time_s, power_w, discharge, cells)[0] + more_reserve_j
        left = energy_j - net_w * (begin_s - now_s)
        if left < needed:
            return begin_s
        end_s = start_s + (k + 1) * slice_s
        if net_w > 0.0 and left - net_w * (end_s - begin_s) < needed:
            return begin_s + (left - needed) / net_w
        begin_s = end_s
    return start_s + need_j.shape[0] * slice_s
