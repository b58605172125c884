# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""One run of the world in time: vehicle, drill and power bus stepped together, sensors read from their state."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.rover import Rover
from lupex_simulator.config import SimulatorConfig
from lupex_simulator.crawler.external_vehicle import ExternalVehicle
from lupex_simulator.crawler.vehicle import Vehicle
from lupex_simulator.drill.drill_rig import DrillRig
from lupex_simulator.pace import Parking
from lupex_simulator.parts import Part
from lupex_simulator.power.bus_quantities import BusStart, Sunlight
from lupex_simulator.power.ground_temperature import Place
from lupex_simulator.power.power_bus import PowerBus
from lupex_simulator.power.tower_light import TowerLight
from lupex_simulator.power.true_array import deck_incidence_rad
from lupex_simulator.schedule import START_NS, STEP_NS, Mode, Schedule
from lupex_simulator.sensors.inertial import InertialUnit, moon_rotation_map_rad_s
from lupex_simulator.sensors.lidar import Points, scan
from lupex_simulator.sensors.neutron import NeutronReading, count, water_equivalent
from lupex_simulator.sensors.sensor_pose import PoseHistory, SensorPose
from lupex_simulator.sensors.sky_sensors import AttitudeReading
from lupex_simulator.sensors.star_tracker import SkyView, StarTrackerUnit
from lupex_simulator.sensors.sun_sensor import SunSensorUnit
from lupex_worlds.pose import Pose
from lupex_worlds.strata import Layer
from lupex_worlds.truth.energy_truth import draw_energy
from lupex_worlds.truth.sensor_spread import FULL_TRACK_MPS
from lupex_worlds.truth_draw import random_stream
from lupex_worlds.world import World

FloatArray = npt.NDArray[np.float64]
_LONG_AGO_NS = 10**18
_SUN_REFRESH_S = 10.0
"""The Sun moves by 0.0015 deg in it."""
_GROUND_SPAN_M = 5.0
"""Over which the slope of the ground is taken that warms the rover."""


@dataclass(frozen=True)
class Truth:
    """The world's secrets at one time; as WorldTruth."""

    pose: Pose
    soc: float
    energy_wh: float
    capacity_wh: float
    battery_temperature_k: float
    sunlit_fraction: float
    slip: float
    distance_m: float
    sinkage_m: float
    tipped: bool
    dead: bool
    drill_depth_m: float
    ice_fraction: float


class Simulation:
    """State of one run. Call `advance` for each step, then read what is due.

    With the vehicle switched off its pose comes in by `place`, and what its drives do goes to `external.drive`.
    """

    def __init__(
        self,
        config: SimulatorConfig,
        rover: Rover,
        world: World,
        parts: frozenset[Part],
        start_ns: int = START_NS,
    ) -> None:
        """Begin parked where the lander truly stands."""
        self.config, self.rover, self.world, self.parts = config, rover, world, parts
        seed = world.seed
        self.schedule = Schedule(config.schedule, rover, config.max_speed_up)
        self.now_ns = start_ns
        start = world.start_pose
        self.vehicle = Vehicle(
            rover,
            config.vehicle,
            world.ground,
            world.soil_rows,
            start.x_m,
            start.y_m,
            start.yaw_rad,
            world.vehicle.drag_factor,
            world.soil.grip,
            world.encoders,
        )
        self.pose = self.vehicle.pose
        self.placed = Part.VEHICLE in parts
        """Whether the pose is known: where another process supplies the vehicle, it is from the first that it tells."""
        self.pose_ns = start_ns if self.placed else 0
        """Time for which the pose is true: that of the world, unless another process supplies the vehicle."""
        self.external = ExternalVehicle(rover, self.pose, self.now_s, config.vehicle.steering_power_w)
        sensors = world.sensors
        self.inertial = InertialUnit(sensors.imu, moon_rotation_map_rad_s(world.frame), random_stream(seed, "inertial"))
        energy = draw_energy(world.level.energy, rover.battery.cells_in_series, world.seed)
        self._tower_light = TowerLight(
            world.light, rover.solar_array.centre_height_m, energy.power.array.tower_height_m
        )
        self.power_bus = PowerBus(
            rover,
            config.power_bus,
            energy.power,
            BusStart(world.start_soc, world.start_battery_temperature_k),
            random_stream(seed, "power_bus"),
        )
        self.drill_rig = DrillRig(
            rover, config.drill_rig, random_stream(seed, "drill_rig"), energy.drill, energy.sample
        )
        self.parking = Parking(config.pace.parked_after_s, self.now_s)
        self._lidar_rng = random_stream(seed, "lidar")
        self._scanned = (-_LONG_AGO_NS, (self.pose.x_m, self.pose.y_m), self.pose.yaw_rad)
        self._neutron_rng = random_stream(seed, "neutrons")
        self._star_tracker = StarTrackerUnit(
            rover.star_tracker, config.sky_sensors, sensors.star_tracker, random_stream(seed, "star_tracker")
        )
        self._sun_sensor = SunSensorUnit(rover.sun_sensor, sensors.sun_sensor, random_stream(seed, "sun_sensor"))
        self._scan_ns = round(1e9 * sensors.lidar.scan_duration_s)
        self._poses = PoseHistory(self.sensor_pose(), start_ns, self._scan_ns)
        self._position = np.array([self.pose.x_m, self.pose.y_m, self.pose.z_m])
        self._velocity = np.zeros(3)
        self._rotation = self.pose.rotation()
        self._inertial_before = (self.now_ns, self._rotation, self._velocity)
        self._mobility_j = self._drill_j = 0.0
        self._bus_ns = self.now_ns
        self._neutron_ns = self.now_ns
        self._neutron_weight_s = self._neutron_water = self._felt_water = self._hole_ice = 0.0
        self._felt_place: tuple[float, float] | None = None
        self._assessed_hole: tuple[tuple[float, float] | None, float] = (None, 0.0)
        self._sun_at_s = -math.inf
        self._sun_map = np.array([1.0, 0.0, 0.0])
        self._sun_distance_m = 1.5e11
        self.sunlight = self._look_at_sun()

    @property
    def now_s(self) -> float:
        """ROS time."""
        return self.now_ns / 1e9

    @property
    def utc_s(self) -> float:
        """UTC as Unix seconds."""
        return self.now_s + self.world.site.utc_offset_s

    @property
    def drill_out(self) -> bool:
        """Whether the drill is out of its stow latch, so that its commands must not be late."""
        return Part.DRILL_RIG in self.parts and not self.drill_rig.stowed

    @property
    def mode(self) -> Mode:
        """What the world is busy with."""
        if self.parking.driving(self.now_s) or (Part.VEHICLE in self.parts and self.vehicle.moving):
            return Mode.DRIVING
        # Also a stowed rig answers quickly while somebody commands it.
        busy = self.drill_out or (Part.DRILL_RIG in self.parts and self.drill_rig.commanded(self.now_s))
        return Mode.DRILLING if busy else Mode.PARKED

    @property
    def lost(self) -> bool:
        """Whether the rover is lost: tipped over or without power."""
        return self.tipped or self.power_bus.dead

    @property
    def tipped(self) -> bool:
        """Whether the rover lies past its tip-over limit."""
        return self.vehicle.tipped if Part.VEHICLE in self.parts else self.external.tipped

    def place(self, pose: Pose, time_ns: int) -> None:
        """Take the pose at a time from whoever supplies the vehicle; an older one than the last is left out."""
        if Part.VEHICLE in self.parts or time_ns <= self.pose_ns:
            return
        if self.placed:
            self.external.place(pose, time_ns * 1e-9)
        else:
            self.external.set_down(pose, time_ns * 1e-9)
            self.placed = True
        self.pose, self.pose_ns = pose, time_ns
        self._rotation = pose.rotation()
        self._poses.add(self.sensor_pose(), time_ns)

    def advance(self, to_ns: int) -> None:
        """Move the world on to `to_ns`, later than now; commands given while it rested act in the last step of it."""
        dt_s = (to_ns - self.now_ns) * 1e-9
        step_s = min(dt_s, STEP_NS * 1e-9)
        before_ns, self.now_ns = self.now_ns, to_ns
        now_s = self.now_s
        if Part.VEHICLE in self.parts:
            self._advance_vehicle(step_s, now_s)
            self.pose_ns = to_ns
            self._poses.add(self.sensor_pose(), to_ns)
        else:
            self._mobility_j += self.external.step(dt_s)
        if Part.DRILL_RIG in self.parts:
            self._advance_drill(step_s if self.drill_rig.commanded(now_s) else dt_s, now_s)
        bus_period_ns = round(1e9 / self.config.schedule.bus_hz)
        if to_ns // bus_period_ns != before_ns // bus_period_ns:
            self._advance_bus()

    def _advance_vehicle(self, dt_s: float, now_s: float) -> None:
        vehicle, anchored = self.vehicle, self.drill_rig.anchored
        # what a drill held, or nobody has set down yet, may stand where the soil does not hold it
        held = vehicle.settled or anchored
        if held and not (vehicle.moving or self.parking.driving(now_s)):
            self._velocity = np.zeros(3)
            return
        vehicle.step(dt_s, now_s, anchored=anchored, powered=self.power_bus.supplied)
        self._mobility_j += vehicle.power_w * dt_s
        self.pose = vehicle.pose
        self._rotation = self.pose.rotation()
        position = np.array([self.pose.x_m, self.pose.y_m, self.pose.z_m])
        self._velocity = (position - self._position) / dt_s
        self._position = position

    def _advance_drill(self, dt_s: float, now_s: float) -> None:
        rig = self.drill_rig
        on = self.power_bus.supplied and (Part.POWER_BUS not in self.parts or self.power_bus.drill_on)
        x_m, y_m = self.hole_place()

        def layer_at(depth_m: float) -> Layer:
            return self.world.strata.at(x_m, y_m, depth_m)

        rig.step(dt_s, now_s, layer_at, (x_m, y_m), powered=on)
        self._drill_j += rig.power_w * dt_s
        if Part.POWER_BUS not in self.parts or self.power_bus.instruments_on:
            rig.samples.deliver(now_s)

    def hole_place(self) -> tuple[float, float]:
        """Return where the drill's axis meets the ground, in map."""
        offset = self._rotation @ np.array([self.rover.drill.x_m, self.rover.drill.y_m, 0.0])
        return self.pose.x_m + float(offset[0]), self.pose.y_m + float(offset[1])

    def _advance_bus(self) -> None:
        dt_s = (self.now_ns - self._bus_ns) * 1e-9
        self._bus_ns = self.now_ns
        self.sunlight = self._look_at_sun()
        self._feel_neutrons(dt_s)
        if Part.POWER_BUS in self.parts:
            self.power_bus.step(
                dt_s, self.now_s, self.sunlight, self._mobility_j / dt_s, self._drill_j / dt_s, self._place()
            )
        self._mobility_j = self._drill_j = 0.0

    def _look_at_sun(self) -> Sunlight:
        frame, utc_s = self.world.frame, self.utc_s
        if self.now_s - self._sun_at_s >= _SUN_REFRESH_S:
            self._sun_at_s = self.now_s
            self._sun_map = frame.sun_vector(utc_s)
            self._sun_distance_m = float(frame.sun(utc_s).distance_m)
        x_m, y_m = self.pose.x_m, self.pose.y_m
        share = self.world.light.sunlit_fraction(x_m, y_m, self.rover.solar_array.centre_height_m, utc_s)
        incidence = deck_incidence_rad(*(self._rotation.T @ self._sun_map).tolist())
        shadow = bool(self.world.strata.in_permanent_shadow(x_m, y_m))
        faces = self._tower_light.faces(self.pose, utc_s)
        return Sunlight(share, incidence, self._sun_distance_m, shadow, faces)

    def _place(self) -> Place:
        x_m, y_m = self.pose.x_m, self.pose.y_m
        along_x, along_y = self.world.slope(x_m, y_m, _GROUND_SPAN_M)
        sun_x, sun_y, sun_z = self._sun_map.tolist()
        upward = (sun_z - along_x * sun_x - along_y * sun_y) / math.sqrt(1.0 + along_x**2 + along_y**2)
        vehicle = self.vehicle if Part.VEHICLE in self.parts else self.external
        return Place(
            x_m,
            y_m,
            upward if math.isfinite(upward) else 0.0,
            float(vehicle.distance_m),
            self.drill_rig.drilled_m,
        )

    def _feel_neutrons(self, dt_s: float) -> None:
        x_m, y_m = self.pose.x_m, self.pose.y_m
        if (x_m, y_m) != self._felt_place:
            self._felt_place = (x_m, y_m)
            self._felt_water = water_equivalent(
                lambda depth_m: self.world.strata.ice_fraction(x_m, y_m, depth_m), self.config.neutrons
            )
        self._neutron_water += self._felt_water * dt_s
        self._neutron_weight_s += dt_s

    def inertial_sample(self) -> tuple[FloatArray, FloatArray]:
        """Return (angular rate, specific force), means since the last call."""
        before_ns, rotation, velocity = self._inertial_before
        self._inertial_before = (self.now_ns, self._rotation, self._velocity)
        dt_s = (self.now_ns - before_ns) * 1e-9
        return self.inertial.sample(rotation, self._rotation, velocity, self._velocity, dt_s, self.track_mps)

    @property
    def track_mps(self) -> float:
        """Mean speed of the tracks, whichever way they run: what shakes and stirs dust."""
        tracks = self.vehicle.track_mps if Part.VEHICLE in self.parts else self.external.track_mps
        return float(np.abs(tracks).mean())

    def sensor_pose(self) -> SensorPose:
        """Return the pose of base_link in the form of the sensors."""
        pose = self.pose
        return SensorPose(pose.x_m, pose.y_m, pose.z_m, pose.roll_rad, pose.pitch_rad, pose.yaw_rad)

    def lidar_due(self) -> bool:
        """Tell whether a scan would show something new: after motion, or when the last one is old."""
        schedule = self.config.schedule
        scanned_ns, place, heading_rad = self._scanned
        pose = self.pose
        if not self.placed or self.pose_ns <= scanned_ns:
            return False
        if self.pose_ns - scanned_ns >= round(1e9 / schedule.parked_lidar_hz):
            return True
        turn_rad = abs(math.remainder(pose.yaw_rad - heading_rad, math.tau))
        return math.dist((pose.x_m, pose.y_m), place) >= schedule.lidar_way_m or turn_rad >= schedule.lidar_turn_rad

    @property
    def scanned_s(self) -> float:
        """Time of the last scan; long ago before the first."""
        return self._scanned[0] / 1e9

    def lidar_scan(self) -> Points:
        """Return a scan (n, 4) that ends at the time of the pose."""
        self._scanned = (self.pose_ns, (self.pose.x_m, self.pose.y_m), self.pose.yaw_rad)
        poses = (self._poses.at(self.pose_ns - self._scan_ns), self.sensor_pose())
        draw = self.world.sensors.lidar
        return scan(self.world.ground, poses, self.rover.lidar, draw, self._lidar_rng, track_mps=self.track_mps)

    def attitude_reading(self) -> AttitudeReading | None:
        """Return the star tracker's attitude at the time of the pose, or None while it is blind."""
        pose, time_s = self.pose, self.pose_ns / 1e9
        utc_s = time_s + self.world.site.utc_offset_s
        eye_m = pose.z_m + self.rover.body.height_m
        view = SkyView(
            self._rotation,
            self.world.frame.map_from_icrf(utc_s),
            self._sun_map,
            self.sunlight.disc_fraction,
            self.world.frame.earth_vector(utc_s),
            lambda azimuth: self.world.light.skyline_rad(pose.x_m, pose.y_m, eye_m, azimuth),
        )
        return self._star_tracker.reading(view, time_s, min(1.0, self.track_mps / FULL_TRACK_MPS))

    def sun_direction(self) -> FloatArray | None:
        """Return the unit vector to the Sun in base_link at the time of the pose, or None where too little is seen."""
        return self._sun_sensor.reading(self._rotation, self._sun_map, self.sunlight.disc_fraction)

    def neutron_counts(self) -> NeutronReading | None:
        """Return the counts since the last call, or None while the instruments are off."""
        integration_s = (self.now_ns - self._neutron_ns) * 1e-9
        water = self._neutron_water / self._neutron_weight_s if self._neutron_weight_s > 0.0 else 0.0
        self._neutron_ns = self.now_ns
        self._neutron_water = self._neutron_weight_s = 0.0
        if Part.POWER_BUS in self.parts and not self.power_bus.instruments_on:
            return None
        return count(self.rover.neutron, self.config.neutrons, water, integration_s, self._neutron_rng)

    def truth(self) -> Truth:
        """Return the world's secrets."""
        bus, rig = self.power_bus, self.drill_rig
        vehicle = self.vehicle if Part.VEHICLE in self.parts else self.external
        hole = (rig.hole_m, rig.hole_depth_m)
        if hole != self._assessed_hole:
            self._assessed_hole = hole
            place_m, depth_m = hole
            self._hole_ice = 0.0
            if place_m is not None and depth_m > 0.0:
                self._hole_ice = self.world.strata.mean_ice_fraction(*place_m, 0.0, depth_m)
        return Truth(
            self.pose,
            bus.soc,
            bus.energy_wh,
            bus.capacity_wh,
            bus.battery_temperature_k,
            self.sunlight.disc_fraction,
            vehicle.slip,
            vehicle.distance_m,
            float(self.vehicle.sinkage_m.mean()),
            vehicle.tipped,
            bus.dead,
            rig.hole_depth_m,
            self._hole_ice,
        )
