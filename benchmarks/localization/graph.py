# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A drive as one factor graph in GTSAM: a pose a second, and all that the filter was given, with the same noise."""

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.localization import factors, residuals
from benchmarks.localization.recording import Recording, TrackReading
from lupex_localization import error_state_filter as esf
from lupex_localization import rotation
from lupex_localization.samples import InertialSample
from lupex_localization.terms import FilterTerms

Array = npt.NDArray[np.float64]

_HELD = 1e-6
"""Of a sample's time within its second [s]."""
_FREE = 1e3
"""One sigma of what a factor says nothing of."""


@dataclass(frozen=True)
class Solution:
    """What makes all measurements together most likely."""

    positions_m: Array
    """(n, 3) at the full seconds, in map."""
    constants: Array
    """(2,): scale of the tracks less 1, zero of their steering [rad]."""
    star_alignment: Array
    lidar_alignment: Array
    iterations: int


class Graph:
    """Factors of a drive and where they begin to be solved: at what the filter said as it went.

    Variables: poses, velocities, biases (accelerometers, gyros) and slip (slip, drift) of each second; of the drive:
    tracks (scale, zero of the steering), alignments of the star tracker and of the lidar.
    """

    def __init__(self, gtsam: ModuleType, terms: FilterTerms, recording: Recording) -> None:
        """Put all of it together."""
        self._gtsam, self._terms, self._recording = gtsam, terms, recording
        self._graph, self._values = gtsam.NonlinearFactorGraph(), gtsam.Values()
        self._start_s = recording.moments[0].time_s
        self._constants, self._star, self._lidar = gtsam.symbol("t", 0), gtsam.symbol("m", 0), gtsam.symbol("l", 0)
        self._begin()
        for k in range(len(recording.moments) - 1):
            self._add_second(k)
        for seen in recording.attitudes:
            keys = [self._pose(self._index(seen.time_s)), self._star]
            measured = rotation.rotation_matrix(seen.quaternion)
            self._graph.add(factors.attitude(gtsam, keys, seen.covariance, measured))
        for moved in recording.displacements:
            keys = [self._pose(self._index(moved.since_s)), self._pose(self._index(moved.time_s)), self._lidar]
            self._graph.add(factors.displacement(gtsam, keys, moved.covariance, moved.moved_m))

    def solved(self) -> Solution:
        """Solve it by Levenberg and Marquardt's method."""
        parameters = self._gtsam.LevenbergMarquardtParams()
        parameters.setMaxIterations(50)
        parameters.setRelativeErrorTol(1e-9)
        optimizer = self._gtsam.LevenbergMarquardtOptimizer(self._graph, self._values, parameters)
        found = optimizer.optimize()
        places = [found.atPose3(self._pose(k)).translation() for k in range(len(self._recording.moments))]
        return Solution(
            np.array(places),
            found.atVector(self._constants),
            found.atVector(self._star),
            found.atVector(self._lidar),
            int(optimizer.iterations()),
        )

    # ------------------------------------------------------------------------------------------------ variables

    def _pose(self, k: int) -> int:
        return int(self._gtsam.symbol("x", k))

    def _velocity(self, k: int) -> int:
        return int(self._gtsam.symbol("v", k))

    def _bias(self, k: int) -> int:
        return int(self._gtsam.symbol("b", k))

    def _slip(self, k: int) -> int:
        return int(self._gtsam.symbol("s", k))

    def _index(self, time_s: float) -> int:
        return round(time_s - self._start_s)

    def _begin(self) -> None:
        """Give every variable its first value, and the first ones the prior that the filter began with."""
        gtsam, values = self._gtsam, self._values
        for k, moment in enumerate(self._recording.moments):
            x = moment.nominal
            values.insert(self._pose(k), self._placed(x))
            values.insert(self._velocity(k), x[esf.VELOCITY])
            values.insert(self._bias(k), gtsam.imuBias.ConstantBias(x[esf.ACCELEROMETER_BIAS], x[esf.GYRO_BIAS]))
            values.insert(self._slip(k), x[[esf.SLIP, esf.DRIFT]])
        last = self._recording.moments[-1].nominal
        values.insert(self._constants, last[[esf.SCALE, esf.STEER_ZERO]])
        values.insert(self._star, last[esf.STAR_ALIGNMENT])
        values.insert(self._lidar, last[esf.LIDAR_ALIGNMENT])

        x, p = self._recording.start.nominal, self._recording.start.covariance
        r = rotation.rotation_matrix(x[esf.QUATERNION])
        place = np.zeros((6, 6))
        place[:3, :3] = p[esf.ERROR_ATTITUDE, esf.ERROR_ATTITUDE]
        place[3:, 3:] = r.T @ p[esf.ERROR_POSITION, esf.ERROR_POSITION] @ r
        self._graph.add(gtsam.PriorFactorPose3(self._pose(0), self._placed(x), factors.gaussian(gtsam, place)))
        self._prior(self._velocity(0), x[esf.VELOCITY], p[esf.ERROR_VELOCITY, esf.ERROR_VELOCITY])
        biases = np.zeros((6, 6))
        biases[:3, :3] = p[esf.ERROR_ACCELEROMETER_BIAS, esf.ERROR_ACCELEROMETER_BIAS]
        biases[3:, 3:] = p[esf.ERROR_GYRO_BIAS, esf.ERROR_GYRO_BIAS]
        first = gtsam.imuBias.ConstantBias(x[esf.ACCELEROMETER_BIAS], x[esf.GYRO_BIAS])
        self._graph.add(gtsam.PriorFactorConstantBias(self._bias(0), first, factors.gaussian(gtsam, biases)))
        for key, of, at in (
            (self._slip(0), slice(esf.ERROR_SLIP, esf.ERROR_DRIFT + 1), slice(esf.SLIP, esf.DRIFT + 1)),
            (self._constants, slice(esf.ERROR_SCALE, esf.ERROR_STEER_ZERO + 1), slice(esf.SCALE, esf.STEER_ZERO + 1)),
            (self._star, esf.ERROR_STAR, esf.STAR_ALIGNMENT),
            (self._lidar, esf.ERROR_LIDAR, esf.LIDAR_ALIGNMENT),
        ):
            self._prior(key, x[at], p[of, of])

    def _placed(self, x: Array) -> Any:
        return self._gtsam.Pose3(
            self._gtsam.Rot3(rotation.rotation_matrix(x[esf.QUATERNION])), np.array(x[esf.POSITION])
        )

    def _prior(self, key: int, mean: Array, covariance: Array) -> None:
        self._graph.add(self._gtsam.PriorFactorVector(key, np.array(mean), factors.gaussian(self._gtsam, covariance)))

    # ------------------------------------------------------------------------------------------------ factors

    def _add_second(self, k: int) -> None:
        """Add what says how the rover went on in a second: inertial unit, tracks or rest, biases and slip."""
        gtsam, moments = self._gtsam, self._recording.moments
        since_s, until_s = moments[k].time_s, moments[k + 1].time_s
        inertial = [each for each in self._recording.inertial if since_s + _HELD < each.time_s <= until_s + _HELD]
        readings = [each for each in self._recording.tracks if since_s + _HELD < each.time_s <= until_s + _HELD]
        rest = moments[k].stationary and moments[k + 1].stationary
        self._add_inertial(k, inertial, rest)
        walks = self._terms.densities
        sigmas = np.sqrt(np.repeat([walks[3], walks[1]], 3) * (until_s - since_s))
        self._graph.add(
            gtsam.BetweenFactorConstantBias(
                self._bias(k), self._bias(k + 1), gtsam.imuBias.ConstantBias(), gtsam.noiseModel.Diagonal.Sigmas(sigmas)
            )
        )
        if rest:
            self._add_rest(k, until_s - since_s)
        elif readings:
            self._add_tracks(k, inertial, readings, until_s - since_s)
        self._add_slip(k, readings, until_s - since_s)

    def _freed(self, k: int, sample: InertialSample) -> Array:
        """Return a sample's rate against the map."""
        x = self._recording.moments[k].nominal
        return np.asarray(sample.rate - rotation.rotation_matrix(x[esf.QUATERNION]).T @ self._terms.frame_rate)

    def _add_inertial(self, k: int, samples: list[InertialSample], rest: bool) -> None:
        gtsam, recording = self._gtsam, self._recording
        densities = self._terms.rest_densities if rest else self._terms.densities
        rates = np.array([self._freed(k, sample) for sample in samples])
        turning = float(np.mean(np.sum(rates**2, axis=1)))
        parameters = gtsam.PreintegrationParams.MakeSharedU(self._terms.gravity_mps2)
        parameters.setGyroscopeCovariance(np.eye(3) * (densities[0] + densities[4] * turning))
        parameters.setAccelerometerCovariance(np.eye(3) * densities[2])
        parameters.setIntegrationCovariance(np.eye(3) * 1e-14)
        x = recording.moments[k].nominal
        bias = gtsam.imuBias.ConstantBias(x[esf.ACCELEROMETER_BIAS], x[esf.GYRO_BIAS])
        integrated = gtsam.PreintegratedImuMeasurements(parameters, bias)
        before_s = recording.moments[k].time_s
        for sample, rate in zip(samples, rates, strict=True):
            dt_s = sample.time_s - before_s
            # a sample's force lies in the attitude of the middle of its turn, GTSAM takes that of the begin
            force = sample.force + 0.5 * dt_s * np.cross(rate, sample.force)
            integrated.integrateMeasurement(force, rate, dt_s)
            before_s = sample.time_s
        self._graph.add(
            gtsam.ImuFactor(
                self._pose(k), self._velocity(k), self._pose(k + 1), self._velocity(k + 1), self._bias(k), integrated
            )
        )

    def _add_rest(self, k: int, dt_s: float) -> None:
        """Add that the rover neither moves nor turns: as often and as surely as the filter takes it."""
        gtsam, limits = self._gtsam, self._terms.config.stationary
        often = dt_s / limits.interval_s
        still = np.eye(3) * limits.velocity_sigma_mps**2 / often
        self._prior(self._velocity(k + 1), np.zeros(3), still)
        sigmas = np.repeat([limits.rate_sigma_rad_s * dt_s, _FREE], 3)
        self._graph.add(
            gtsam.BetweenFactorPose3(
                self._pose(k), self._pose(k + 1), gtsam.Pose3(), gtsam.noiseModel.Diagonal.Sigmas(sigmas)
            )
        )

    def _add_tracks(self, k: int, inertial: list[InertialSample], readings: list[TrackReading], dt_s: float) -> None:
        settings = self._terms.track_settings
        speed_sigma, turn_sigma, vertical = settings[1], settings[2], settings[3]
        ran = residuals.way(
            self._recording.moments[k].time_s,
            [(each.time_s, each.twist[0], each.twist[1]) for each in readings],
            self._turns(k, inertial, [each.time_s for each in readings]),
        )
        slip = np.mean([each.slip for each in readings], axis=0)
        skid = np.mean([(turn_sigma * each.twist[2]) ** 2 + each.twist[3] ** 2 for each in readings])
        often = sum(1.0 / each.spread for each in readings)
        along = (speed_sigma**2 + skid) * dt_s**2 / often
        noise = np.diag([along, along, vertical**2 * dt_s**2 / often])
        keys = [self._pose(k), self._pose(k + 1), self._slip(k), self._constants]
        self._graph.add(factors.tracks(self._gtsam, keys, noise, ran, slip[[0, 2]]))

    def _turns(self, k: int, inertial: list[InertialSample], times_s: list[float]) -> list[Array]:
        """Return the rotations from the body at each time to the body at the begin of the second, by the gyros."""
        bias = self._recording.moments[-1].nominal[esf.GYRO_BIAS]
        turned, before_s = np.array([1.0, 0.0, 0.0, 0.0]), self._recording.moments[k].time_s
        at, made = [before_s], [rotation.rotation_matrix(turned)]
        for sample in inertial:
            step = (self._freed(k, sample) - bias) * (sample.time_s - before_s)
            turned = rotation.multiply(turned, rotation.from_rotation_vector(step))
            at.append(sample.time_s)
            made.append(rotation.rotation_matrix(turned))
            before_s = sample.time_s
        return [made[int(np.argmin(np.abs(np.array(at) - time_s)))] for time_s in times_s]

    def _add_slip(self, k: int, readings: list[TrackReading], dt_s: float) -> None:
        """Add that slip forgets itself over the way, towards the model's."""
        settings = self._terms.track_settings
        share, correlations_m = settings[4], settings[6:8]
        way_m = dt_s * float(np.mean([math.hypot(*each.twist[:2]) for each in readings])) if readings else 0.0
        slip = np.mean([each.slip for each in readings], axis=0) if readings else np.zeros(4)
        kept, sigmas = np.empty(2), np.empty(2)
        for i in range(2):
            spread = math.hypot(slip[2 * i + 1], share * slip[2 * i])
            kept[i], sigmas[i] = residuals.lasting(way_m, correlations_m[i], spread or 1.0)
        self._graph.add(factors.slip(self._gtsam, [self._slip(k), self._slip(k + 1)], kept, sigmas))
