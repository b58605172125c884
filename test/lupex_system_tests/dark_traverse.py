# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A traverse over waves of ground into the dark, in process: true soil and battery on one side, planner and mission's
judgement on the other. For tests of what the certificate is worth."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lupex_mission.config import MissionConfig
from lupex_mission.fault_protection import TurnBackJudge, reasons_to_stand_still
from lupex_mission.observations import Certificate as SeenCertificate
from lupex_mission.observations import Observations, Phase, Place
from lupex_mission.observations import Power as SeenPower
from lupex_models import battery
from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap
from lupex_models.locomotion import drive
from lupex_models.rover import Rover
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, open_site, write_site
from lupex_models.site_frame import SiteFrame
from lupex_models.soil import NOMINAL_SOIL, Soil
from lupex_path_planning.config import GridConfig, MapErrorConfig, PathPlanningConfig, RecoveryConfig
from lupex_path_planning.site_grid import STEPS
from lupex_path_planning.site_planner import SitePlanner, site_planner
from lupex_path_planning.way_back.certificate import PoseEstimate, PowerEstimate, WayBack, certify
from lupex_path_planning.way_back.measured_factors import Allowance, MeasuredFactors, SlipMeasurement, allow, measure

LIT_TO_M, TARGET_M = 30.0, 400.0
_UTC_OFFSET_S = 1.855e9
_WAVE_M, _STEEPEST = 60.0, math.tan(math.radians(9.0))
_STEP_S, _SERVICE_S, _SERVICE_W = 10.0, 7200.0, 80.0


def waves_m(x_m: np.ndarray) -> np.ndarray:
    """Return the height of the ground over x."""
    return np.asarray(_STEEPEST * _WAVE_M / math.tau * (1.0 - np.cos(math.tau * x_m / _WAVE_M)))


def slope_rad(x_m: float) -> float:
    """Return the slope of the ground along x, uphill positive."""
    return math.atan(_STEEPEST * math.sin(math.tau * x_m / _WAVE_M))


def planner_of(directory: Path, rover: Rover) -> SitePlanner:
    """Return the planner over a site of waves that is lit in the west and dark in the east for ever."""
    x = -150.0 + 5.0 * np.arange(130)
    dem = HeightField(np.tile(waves_m(x), (30, 1)).astype(np.float32), -150.0, -75.0, 5.0)
    counts = np.full((36, 16, 34), -300, np.int16)
    counts[:, :, round((LIT_TO_M + 150.0) / 20.0) :] = 2000
    horizon = HorizonMap(counts, -150.0, -150.0, 20.0, 1.5)
    havens, targets = (Haven(0.0, 0.0, 10.0),), (Target(TARGET_M, 0.0, "dark"),)
    frame = SiteFrame(math.radians(-89.5), 0.0, 0.0)
    site = OrbitalSite(
        "waves",
        frame,
        dem,
        horizon,
        counts[0] > 0,
        Pose2(0.0, 0.0, 0.0),
        havens,
        targets,
        1.855e9 + 1000.0,
        _UTC_OFFSET_S,
    )
    write_site(directory, site)
    config = PathPlanningConfig(
        rover="",
        site="",
        grid=GridConfig(pad_m=30.0),
        recovery=RecoveryConfig(slice_s=900.0, horizon_s=108_000.0),
        map_error=MapErrorConfig(members=0),
    )
    return site_planner(config, rover, open_site(directory))


@dataclass(frozen=True)
class Outcome:
    """How a traverse ended; energies above the certificate's reserve [Wh]."""

    turned_back_at_m: float | None
    home: bool
    lowest_wh: float
    sampled: bool


@dataclass(frozen=True)
class SofteningGround:
    """Ground that is as expected in the light, and softer with each metre into the dark."""

    friction_at_target_deg: float
    shear_modulus_at_target_m: float

    def soil(self, x_m: float) -> Soil:
        """Return the soil at x."""
        if x_m <= LIT_TO_M:
            return NOMINAL_SOIL
        share = min((x_m - LIT_TO_M) / (TARGET_M - LIT_TO_M), 1.0)
        friction = math.radians(self.friction_at_target_deg)
        return dataclasses.replace(
            NOMINAL_SOIL,
            friction_angle_rad=(1.0 - share) * NOMINAL_SOIL.friction_angle_rad + share * friction,
            shear_modulus_m=(1.0 - share) * NOMINAL_SOIL.shear_modulus_m + share * self.shear_modulus_at_target_m,
            cohesion_pa=(1.0 - share) * NOMINAL_SOIL.cohesion_pa,
        )


def traverse(planner: SitePlanner, energy_wh: float, ground: SofteningGround, seed: int, *, heed: bool) -> Outcome:
    """Drive to the target, work there, and drive home; `heed` says whether the mission listens to the certificate."""
    rng = np.random.default_rng(seed)
    rover, config, mission = planner.rover, planner.config, MissionConfig(site="")
    cell = battery.BatteryState(float(battery.soc_for_energy(rover.battery, energy_wh)), 285.0)
    reserve_wh = rover.battery.reserve_fraction * rover.battery.capacity_wh
    now_s, x_m, phase, worked_s = 1000.0, 0.0, Phase.DRIVE, 0.0
    factors, allowance, way = MeasuredFactors(), Allowance(), WayBack(planner.recover(1000.0, _UTC_OFFSET_S))
    judge, turned, lowest, stand = TurnBackJudge(), None, math.inf, False
    while True:
        driving = phase is not Phase.DRILL and not stand
        ahead = 1.0 if phase is Phase.DRIVE else -1.0
        slope = ahead * slope_rad(x_m)
        soil = ground.soil(x_m)
        state = drive(rover.crawler, rover.body.mass_kg, slope, 0.0, rover.crawler.max_speed_mps, soil)
        load_w = rover.loads.avionics_w + 0.5 * rover.loads.heater_w
        load_w += rover.loads.lidar_w + state.power_w if driving else _SERVICE_W if phase is Phase.DRILL else 0.0
        speed = 0.95 * state.ground_speed_mps if driving else 0.0
        # the lit ground is left with what was charged there: the Sun plays no part in the story
        cell = battery.step(rover.battery, cell, load_w, _STEP_S).state
        left_wh = float(battery.stored_energy_wh(rover.battery, cell.soc)) - reserve_wh
        lowest = min(lowest, left_wh)
        x_m, now_s = x_m + ahead * speed * _STEP_S, now_s + _STEP_S
        if left_wh <= -reserve_wh + 1.0 or now_s > 1e5:
            return Outcome(turned, False, lowest, worked_s >= _SERVICE_S)
        if phase is Phase.RETURN and x_m <= 0.5 * LIT_TO_M:
            return Outcome(turned, True, lowest, worked_s >= _SERVICE_S)
        slip = SlipMeasurement(now_s, float(np.clip(state.slip + rng.normal(0.0, 0.03), -1.0, 1.0)), 0.05, slope, 30.0)
        factors = measure(factors, now_s, speed, load_w, slip, driving, planner.driving_bound(), config.certificate)
        allowance = allow(allowance, now_s, factors, config.certificate)
        pose = PoseEstimate(now_s, x_m, 0.0, 0.25 * np.eye(2), speed)
        energy_j = 3600.0 * (left_wh + reserve_wh)
        power = PowerEstimate(now_s, energy_j, 3600.0 * 5.0, 3600.0 * reserve_wh, load_w, 0.0)
        certificate = certify(way, now_s, pose, power, factors, config.certificate)
        # a field computed anew is there at the next look
        if not way.allowance.covers(allowance):
            way = WayBack(planner.recover(now_s, _UTC_OFFSET_S, allowance), allowance)
        if heed:
            seen = Observations(
                now_s,
                place=Place(x_m, 0.0),
                place_stamp_s=now_s,
                certificate=SeenCertificate(
                    now_s, certificate.valid, certificate.reason, certificate.margin_j / 3600.0, Place(0.0, 0.0)
                ),
                power=SeenPower(now_s, True, "", cell.soc, 0.0, load_w),
            )
            stand = bool(reasons_to_stand_still(seen, phase, mission))
            judge = judge.judge(seen, mission) if phase is not Phase.RETURN else judge
            if phase is not Phase.RETURN and judge.decided(now_s, mission):
                phase, turned = Phase.RETURN, x_m
        if phase is Phase.DRIVE and x_m >= TARGET_M:
            phase = Phase.DRILL
        worked_s += _STEP_S if phase is Phase.DRILL and not stand else 0.0
        if phase is Phase.DRILL and worked_s >= _SERVICE_S:
            phase = Phase.RETURN


def least_start_wh(planner: SitePlanner) -> float:
    """Return the charge [Wh] that the bound asks for: out at once, the work, the margin, and the need at the target."""
    policy, load_w = planner.recover(1000.0, _UTC_OFFSET_S), planner.bound.parked_w + _SERVICE_W
    row, column = policy.grid.cell(0.0, 0.0)
    _, end = policy.grid.cell(TARGET_M, 0.0)
    east = STEPS.index((0, 1))
    way = (east, row, slice(column, end))
    out_j = float(np.sum(policy.moves.time_s[way] * policy.moves.power_w[way])) + _SERVICE_S * load_w
    need_j = policy.need(1000.0 + _SERVICE_S, row, end)
    return (out_j * policy.moves.discharge + need_j) / 3600.0 + planner.config.sortie.margin_wh
