# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How much worse than the bound the ground proves to be while driving, and what the way back then allows for."""

import math
from dataclasses import dataclass, field, replace

from lupex_models.locomotion import LocomotionTable
from lupex_models.soil_strength import StrengthTable
from lupex_path_planning.config import CertificateConfig
from lupex_path_planning.priced_soil import AS_FORESEEN, Soil, price_for, weaker_of


@dataclass(frozen=True)
class SlipMeasurement:
    """Slip over a window of driving, on a slope along the motion (uphill positive)."""

    time_s: float
    slip: float
    sigma: float
    slope_rad: float
    window_s: float


@dataclass(frozen=True)
class DrivingBound:
    """What the way back counts on: slip and power over slope, speed over that of the model, load beside the drives.

    With `strengths` the ground has the `strength` that it is priced for, where that is worse.
    """

    table: LocomotionTable
    speed_factor: float
    base_w: float
    strengths: StrengthTable | None = None
    strength: float = AS_FORESEEN

    def slip(self, slope_rad: float) -> float:
        """Return the slip on a slope along the motion, 1 where it cannot be driven."""
        slip = float(self.table.slip(slope_rad, 0.0))
        return slip if self._weak is None else max(slip, float(self._weak.slip(slope_rad, 0.0, self.strength)))

    def speed_mps(self, slope_rad: float) -> float:
        """Return the speed over ground that is counted on."""
        speed = float(self.table.speed_mps(slope_rad, 0.0))
        if self._weak is not None:
            speed = min(speed, float(self._weak.speed_mps(slope_rad, 0.0, self.strength)))
        return speed * self.speed_factor

    def power_w(self, slope_rad: float) -> float:
        """Return the power of the drives, inf where it cannot be driven."""
        power = float(self.table.power_w(slope_rad, 0.0))
        return power if self._weak is None else max(power, float(self._weak.power_w(slope_rad, 0.0, self.strength)))

    @property
    def _weak(self) -> StrengthTable | None:
        return self.strengths if self.strength < AS_FORESEEN else None


@dataclass(frozen=True)
class MeasuredFactors:
    """Means over the last minutes of driving, each over the bound's value; below 1 the ground is kinder.

    `driving_s` and `due_s` are the time spent on the ground driven over and what the bound allows for it, both fading.
    Parked they stay: what lies between the rover and its haven is the ground that it came over.
    """

    time_s: float = -math.inf
    slip: float = 1.0
    consumption: float = 1.0
    pace: float = 1.0
    driving_s: float = 0.0
    due_s: float = 0.0
    speed_factor: float = 1.0
    soil: Soil = field(default_factory=Soil)
    """The ground is surely not weaker than this."""

    @property
    def slower(self) -> float:
        """Factor on the time of every move that the way back is asked to allow for, at least 1."""
        return max(self.slip, self.pace, 1.0)

    @property
    def proven_slower(self) -> float:
        """The least such factor that still is a proof: the bound's speed leaves slip its room."""
        return max(self.slip * self.speed_factor, self.pace, 1.0)

    @property
    def dearer(self) -> float:
        """Factor on the power of every move, at least 1."""
        return max(self.consumption, 1.0)


@dataclass(frozen=True)
class Allowance:
    """Factors beyond the bound, and soil weaker than its, that a way back is computed for.

    `needed_s` is when so much was last needed.
    """

    pace: float = 1.0
    consumption: float = 1.0
    needed_s: float = -math.inf
    soil: Soil = field(default_factory=Soil)

    def covers(self, other: "Allowance") -> bool:
        """Tell whether both ask for the same way back."""
        return (self.pace, self.consumption, self.soil) == (other.pace, other.consumption, other.soil)


def measure(
    before: MeasuredFactors,
    now_s: float,
    speed_mps: float,
    load_w: float,
    slip: SlipMeasurement | None,
    driving: bool,
    bound: DrivingBound,
    config: CertificateConfig,
) -> MeasuredFactors:
    """Take one look at the driving rover into the means.

    Slip counts at its upper sigma: how much farther than by the bound the tracks run for a metre of ground. Pace is the
    time that the ground took, stops included, over the bound's. `driving` says that the rover is under way to a goal,
    even where it stands. Without a fresh slip, whose slope all three rest on, nothing changes.
    """
    if not driving or slip is None or now_s - slip.time_s > config.slip_max_age_s:
        return before
    if slip.window_s < config.slip_window_min_s:
        return before
    bound_slip = bound.slip(slip.slope_rad)
    bound_mps = bound.speed_mps(slip.slope_rad)
    drive_w = bound.power_w(slip.slope_rad)
    if not (bound_slip < 1.0 and bound_mps > 0.0 and math.isfinite(drive_w)):
        return before
    since_s = max(now_s - before.time_s, 0.0)
    # the time between two drives is none of driving, and fades nothing
    since_s = since_s if since_s <= config.slip_window_min_s else 0.0
    fade = math.exp(-since_s / config.smoothing_s)
    driving_s = fade * before.driving_s + since_s
    due_s = fade * before.due_s + since_s * speed_mps / bound_mps
    pace = before.pace
    if driving_s >= config.pace_min_s:
        pace = driving_s / due_s if due_s > 0.0 else math.inf
    paced = replace(before, time_s=now_s, pace=min(pace, 10.0 * config.factor_max), driving_s=driving_s, due_s=due_s)
    if speed_mps < config.moving_mps and slip.slip < 1.0 - config.moving_mps:
        return paced
    worst = min(slip.slip + slip.sigma, 1.0 - 1e-3)
    raw_slip = (1.0 - bound_slip) / (1.0 - worst)
    raw_power = load_w / (bound.base_w + drive_w)
    gain = 1.0 if not math.isfinite(before.time_s) else 1.0 - fade
    return replace(
        paced,
        slip=before.slip + gain * (raw_slip - before.slip),
        speed_factor=bound.speed_factor,
        consumption=before.consumption + gain * (raw_power - before.consumption),
    )


def allow(before: Allowance, now_s: float, factors: MeasuredFactors, config: CertificateConfig) -> Allowance:
    """Return what the way back is to allow for: the measured factors, the learned soil, and some room, in steps.

    Steps and room keep the field from being computed anew with each look; more is asked for at once, less only when so
    much has not been needed for `allowance_keep_s`.
    """
    pace, consumption = (_step(value, config) for value in (factors.slower, factors.dearer))
    priced = price_for(factors.soil, config)
    if pace >= before.pace and consumption >= before.consumption and priced.bears(before.soil):
        return Allowance(pace, consumption, now_s, priced)
    if now_s - before.needed_s < config.allowance_keep_s:
        return Allowance(
            max(pace, before.pace),
            max(consumption, before.consumption),
            before.needed_s,
            before.soil if before.soil.bears(priced) else weaker_of(priced, before.soil),
        )
    return Allowance(pace, consumption, now_s, priced)


def _step(factor: float, config: CertificateConfig) -> float:
    if factor <= 1.0:
        return 1.0
    over = min(factor, config.factor_max) * (1.0 + config.allowance_room) - 1.0
    return min(1.0 + math.ceil(over / config.allowance_step) * config.allowance_step, config.factor_max)
