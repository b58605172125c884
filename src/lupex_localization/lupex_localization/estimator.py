# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The rover's pose from samples as they come: put in order of time, gated, bridged over gaps, held at rest."""

import math
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from lupex_localization import error_state_filter as esf
from lupex_localization import fixes
from lupex_localization.config import LocalizationConfig
from lupex_localization.error_state_filter import FilterState, ProcessNoise
from lupex_localization.reckoning import MotionEstimate, Reckoning
from lupex_localization.rest import Rest
from lupex_localization.samples import AttitudeSample, InertialSample, Stream, SunSample, TrackSample
from lupex_localization.track_odometry import SlipModel, TrackCorrection, TrackKinematics, TrackTwist
from lupex_models.rover import Rover

Array = npt.NDArray[np.float64]

QUEUED_BEFORE_BEGIN = 500
AT_REST = TrackTwist(0.0, 0.0, 0.0, 0.0, 0.0)


class Terrain(Protocol):
    """Heights of the site; nan where there are none."""

    def height(self, x_m: float, y_m: float) -> Array:
        """Return the height [m]."""

    def gradient(self, x_m: float, y_m: float) -> tuple[Array, Array]:
        """Return the slopes to x and y."""


@dataclass(frozen=True)
class Surroundings:
    """What the localization knows of its place: each part may be missing."""

    map_from_icrf: Callable[[float], Array] | None = None
    """Of ROS time [s]."""
    sun_in_map: Callable[[float], Array] | None = None
    terrain: Terrain | None = None
    frame_rate: Array | None = None
    """Rotation of the map against the stars [rad/s], map axes."""


class PoseEstimator:
    """Take samples by the `add` methods, then `advance`; the arrays in what it returns are not changed later."""

    def __init__(
        self,
        config: LocalizationConfig,
        rover: Rover,
        slip: SlipModel,
        surroundings: Surroundings,
    ) -> None:
        """Start without a state; `begin` gives it."""
        self._config, self._rover, self._surroundings = config, rover, surroundings
        self._kinematics = TrackKinematics(rover.crawler.unit_x_m, rover.crawler.unit_y_m)
        self._frame_rate = np.zeros(3) if surroundings.frame_rate is None else surroundings.frame_rate
        imu, inertial = rover.imu, config.inertial
        self._densities = ProcessNoise(
            math.hypot(imu.gyro_noise_rad_s_rthz, inertial.motion_rate_rad_s_rthz),
            imu.gyro_bias_walk_rad_s2_rthz,
            math.hypot(imu.accelerometer_noise_mps2_rthz, inertial.motion_acceleration_mps2_rthz),
            imu.accelerometer_bias_walk_mps3_rthz,
        ).densities()
        self._rest_densities = ProcessNoise(
            imu.gyro_noise_rad_s_rthz,
            imu.gyro_bias_walk_rad_s2_rthz,
            imu.accelerometer_noise_mps2_rthz,
            imu.accelerometer_bias_walk_mps3_rthz,
        ).densities()
        self._bridge_densities = ProcessNoise(
            inertial.bridge_rate_rad_s_rthz,
            imu.gyro_bias_walk_rad_s2_rthz,
            inertial.bridge_acceleration_mps2_rthz,
            imu.accelerometer_bias_walk_mps3_rthz,
        ).densities()
        self._mounting = fixes.sensor_mounting(rover.star_tracker)
        self._gates = {size: float(chi2.ppf(config.fixes.probability, size)) for size in (1, 2, 3)}
        self._by_tracks = TrackCorrection(
            slip,
            config.stationary.track_speed_mps,
            config.tracks.speed_sigma_mps,
            config.tracks.turn_sigma * math.hypot(rover.crawler.unit_x_m, rover.crawler.unit_y_m),
            config.tracks.vertical_sigma_mps,
            self._gates[3],
        )
        future_s = config.fixes.future_s
        self.imu = Stream("inertial sample", future_s)
        self.joints = Stream("joint state", future_s)
        self.attitudes = Stream("star tracker attitude", future_s)
        self.suns = Stream("sun direction", future_s)
        self._inertial: deque[InertialSample] = deque()
        self._tracks: deque[TrackSample] = deque()
        self._pending: deque[AttitudeSample | SunSample] = deque()

        self.accepted: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.rest_updates = 0
        self.rest = Rest(config.stationary)
        self.bridged_s = 0.0
        """Time bridged without inertial samples since the last one."""
        self.nis: deque[float] = deque(maxlen=config.health.fix_window)
        """Normalised innovation squared a degree of freedom, of fixes."""
        self.last_rejection = ""
        """What did not pass its gate last, in words."""
        self.travel_m: Array | None = None
        self.shut = fixes.ShutGate(config.fixes.recover_after, config.fixes.recover_alike_rad)

        self._reckoning: Reckoning | None = None
        self._twist = AT_REST
        self._terrain_m = 0.0
        self._sun_agreed_s = -math.inf

    # ------------------------------------------------------------------------------------------------ state

    def begin(self, state: FilterState) -> Reckoning:
        """Take a state to start from; odom starts at the vehicle. What is queued from before it is dropped."""
        self._inertial = deque(sample for sample in self._inertial if sample.time_s > state.time_s)
        self._tracks = deque(sample for sample in self._tracks if sample.time_s >= state.time_s)
        self._pending = deque(sample for sample in self._pending if sample.time_s >= state.time_s)
        self._reckoning = Reckoning(state, self._frame_rate, self._config.fixes.max_age_s)
        return self._reckoning

    @property
    def stationary(self) -> bool:
        """Whether the rover stands still."""
        return self.rest.stationary

    @property
    def begun(self) -> bool:
        """Whether there is a state."""
        return self._reckoning is not None

    @property
    def reckoning(self) -> Reckoning:
        """The present state; raises RuntimeError before `begin`."""
        if self._reckoning is None:
            raise RuntimeError("the estimator has no state yet: call begin() first")
        return self._reckoning

    @property
    def _now_s(self) -> float:
        return self.reckoning.state.time_s

    # ------------------------------------------------------------------------------------------------ input

    def add_inertial(self, sample: InertialSample, now_s: float) -> None:
        """Queue a sample; raises InvalidMessage when its stamp may not be used (so do the others)."""
        self.imu.take(sample.time_s, now_s)
        self._inertial.append(sample)
        if self._reckoning is None:
            _forget(self._inertial)

    def add_tracks(self, sample: TrackSample, now_s: float) -> None:
        """Queue joint states."""
        self.joints.take(sample.time_s, now_s)
        self._tracks.append(sample)
        if self._reckoning is None:
            _forget(self._tracks)

    def add_attitude(self, sample: AttitudeSample, now_s: float) -> None:
        """Queue a star tracker's attitude."""
        self.attitudes.take(sample.time_s, now_s)
        self._pending.append(sample)

    def add_sun(self, sample: SunSample, now_s: float) -> None:
        """Queue a direction to the Sun."""
        self.suns.take(sample.time_s, now_s)
        self._pending.append(sample)

    def queued(self) -> tuple[InertialSample | None, TrackSample | None, float]:
        """Return the newest queued samples and the span of the inertial ones; what `begin` is made from."""
        span_s = self._inertial[-1].time_s - self._inertial[0].time_s if self._inertial else 0.0
        return self._inertial[-1] if self._inertial else None, self._tracks[-1] if self._tracks else None, span_s

    # ------------------------------------------------------------------------------------------------ time

    def advance(self) -> list[MotionEstimate]:
        """Work off what is queued as far as it is in order of time; return the estimate after each joint state.

        An inertial sample waits for joint states of its time, a joint state for the inertial sample that spans it, so
        that the result does not depend on which of two equal stamps came first.
        """
        if self._reckoning is None:
            return []
        made: list[MotionEstimate] = []
        while True:
            if self._inertial and self._inertial_due():
                self._through(self._inertial.popleft(), made)
            elif not self._inertial and self._tracks and self._bridge_due():
                sample = self._tracks.popleft()
                if self._in_order(sample):
                    self._bridge(sample.time_s)
                    self._use_tracks(sample, made)
            else:
                break
            while self._pending and self._pending[0].time_s <= self._now_s + self._config.tracks.coincidence_s:
                self._use_fix(self._pending.popleft())
        return made

    def _inertial_due(self) -> bool:
        first, newest = self._inertial[0].time_s, self._inertial[-1].time_s
        seen = self.joints.last_s
        return (
            seen is not None and seen >= first - self._config.tracks.coincidence_s
        ) or newest - first >= self._config.tracks.hold_s

    def _bridge_due(self) -> bool:
        last = self._now_s if self.imu.last_s is None else self.imu.last_s
        patience_s = max(self._config.inertial.hold_s, 1.5 * self.joints.interval_s)
        return self._tracks[-1].time_s - last > patience_s

    def _in_order(self, sample: TrackSample) -> bool:
        if sample.time_s >= self._now_s - self._config.tracks.coincidence_s:
            return True
        self.joints.refused["late"] += 1
        return False

    def _through(self, sample: InertialSample, made: list[MotionEstimate]) -> None:
        if sample.time_s <= self._now_s:
            self.imu.refused["late"] += 1
            return
        from_s = max(self._now_s, sample.time_s - self._config.inertial.max_interval_s)
        coincidence_s = self._config.tracks.coincidence_s
        while self._tracks and self._tracks[0].time_s <= sample.time_s + coincidence_s:
            tracks = self._tracks.popleft()
            if self._in_order(tracks):
                at_s = sample.time_s if tracks.time_s > sample.time_s - coincidence_s else tracks.time_s
                self._bridge(min(at_s, from_s))
                self._carry(sample, at_s)
                self._use_tracks(tracks, made)
        self._bridge(from_s)
        self._carry(sample, sample.time_s)
        self.bridged_s = 0.0
        seen = self.joints.last_s
        if seen is None or sample.time_s - seen > self._config.tracks.hold_s:
            made.append(self.reckoning.estimate())

    def _carry(self, sample: InertialSample, until_s: float) -> None:
        if until_s <= self._now_s:
            return
        densities = self._rest_densities if self.stationary else self._densities
        self.rest.gather(sample.rate, until_s - self._now_s)
        self.reckoning.predict(sample.rate, sample.force, until_s, densities, *self._slip_kept(until_s))

    def _bridge(self, until_s: float) -> None:
        if until_s <= self._now_s:
            return
        self.bridged_s += until_s - self._now_s
        densities = self._rest_densities if self.stationary else self._bridge_densities
        self.reckoning.bridge(self._twist.turning_rad_s, until_s, densities, *self._slip_kept(until_s))

    def _slip_kept(self, until_s: float) -> tuple[float, float]:
        """Return how much of the slip deviations lasts over the distance until then."""
        run_m = math.hypot(self._twist.forward_mps, self._twist.left_mps) * (until_s - self._now_s)
        self._terrain_m += run_m
        config = self._config.tracks
        return math.exp(-run_m / config.slip_correlation_m), math.exp(-run_m / config.sideslip_correlation_m)

    # ------------------------------------------------------------------------------------------------ tracks

    def _use_tracks(self, sample: TrackSample, made: list[MotionEstimate]) -> None:
        config = self._config.tracks
        twist = self._kinematics.twist(sample.steer_rad, sample.track_mps)
        self._twist = twist
        self.travel_m = sample.travel_m
        self.rest.notice(sample, self.reckoning.rate)
        if self.stationary:
            if self.rest.due(sample.time_s):
                self._use_rest(sample.time_s)
        else:
            # noise alike over its correlation time counts as that much fewer samples
            spread = max(1.0, 2.0 * config.noise_correlation_s / max(self.joints.interval_s, 1e-3))
            state = self.reckoning.state
            nominal, covariance, accepted = self._by_tracks.apply(state.nominal, state.covariance, twist, spread)
            self.reckoning.take(nominal, covariance)
            self._count("tracks", accepted, f"{twist.forward_mps:.3f} m/s ahead, {twist.left_mps:.3f} m/s aside")
            self._use_terrain()
        made.append(self.reckoning.estimate())

    def _use_rest(self, time_s: float) -> None:
        limits = self._config.stationary
        self.reckoning.correct(fixes.rest_innovation(self.reckoning.state, limits.velocity_sigma_mps), math.inf)
        self.rest_updates += 1
        found = self.rest.mean_rate(time_s)
        if found is not None:
            rate, gathered_s = found
            bias = self.reckoning.state.nominal[esf.GYRO_BIAS]
            excess = rate - self.reckoning.attitude().T @ self._frame_rate - bias
            noise = self._rover.imu.gyro_noise_rad_s_rthz / math.sqrt(gathered_s)
            innovation = fixes.rest_rate_innovation(excess, math.hypot(noise, limits.rate_sigma_rad_s))
            nis, accepted = self.reckoning.correct(innovation, self._gates[3])
            self._count("rest_rate", accepted, _deviation(innovation, nis))

    # ------------------------------------------------------------------------------------------------ fixes

    def _use_terrain(self) -> None:
        config, terrain = self._config.fixes, self._surroundings.terrain
        if not config.terrain or terrain is None or self._terrain_m < config.terrain_interval_m:
            return
        self._terrain_m = 0.0
        x, y = (float(value) for value in self.reckoning.state.nominal[0:2])
        height = float(terrain.height(x, y))
        slope_x, slope_y = (float(value) for value in terrain.gradient(x, y))
        if math.isfinite(height + slope_x + slope_y):
            innovation = fixes.height_innovation(
                self.reckoning.state, height, (slope_x, slope_y), config.terrain_sigma_m
            )
            self._judge("terrain", innovation)

    def _use_fix(self, sample: AttitudeSample | SunSample) -> None:
        since = self.reckoning.turned_since(sample.time_s)
        stream = self.attitudes if isinstance(sample, AttitudeSample) else self.suns
        if since is None:
            stream.refused["late"] += 1
        elif isinstance(sample, AttitudeSample):
            self._use_attitude(sample, since)
        elif self._surroundings.sun_in_map is not None:
            sun = self._surroundings.sun_in_map(sample.time_s)
            sigma = self._rover.sun_sensor.sigma_rad
            if self._judge("sun", fixes.sun_innovation(self.reckoning.state, sun, sample.direction, since, sigma)):
                self._sun_agreed_s = sample.time_s

    def _use_attitude(self, sample: AttitudeSample, since: Array) -> None:
        if self._surroundings.map_from_icrf is None:
            return
        to_map = np.ascontiguousarray(self._surroundings.map_from_icrf(sample.time_s))

        def innovation() -> fixes.Innovation:
            return fixes.attitude_innovation(
                self.reckoning.state,
                to_map,
                sample.quaternion,
                sample.covariance,
                self._mounting,
                since,
                self._config.fixes.alignment_sigma_rad,
            )

        found = innovation()
        if self._judge("attitude", found):
            self.shut.passed()
            return
        in_map = self.reckoning.attitude() @ found[0]
        # A Sun seen where it is expected says that the star tracker is wrong, however steadily.
        sun_denies = sample.time_s - self._sun_agreed_s <= self._config.fixes.sun_agrees_s
        if self.shut.refused(in_map) and not sun_denies:
            opened = np.eye(3) * max(float(found[0] @ found[0]), 1e-6)
            self.reckoning.state = esf.widened(self.reckoning.state, esf.ERROR_ATTITUDE, opened)
            if self._judge("attitude", innovation()):
                self.accepted["attitude_recovered"] += 1
                self.shut.passed()

    def _judge(self, kind: str, innovation: fixes.Innovation) -> bool:
        size = innovation[0].size
        nis, accepted = self.reckoning.correct(innovation, self._gates[size])
        self._count(kind, accepted, _deviation(innovation, nis))
        if accepted:
            self.nis.append(nis / size)
        return accepted

    def _count(self, kind: str, accepted: bool, text: str) -> None:
        (self.accepted if accepted else self.rejected)[kind] += 1
        if not accepted:
            self.last_rejection = f"{kind} at {self._now_s:.2f} s: {text}"


def _deviation(innovation: fixes.Innovation, nis: float) -> str:
    return f"deviation {', '.join(f'{value:.4g}' for value in innovation[0])}, nis {nis:.0f}"


def _forget(queue: deque[Any]) -> None:
    """Keep no more samples than a beginning may need."""
    while len(queue) > QUEUED_BEFORE_BEGIN:
        queue.popleft()
