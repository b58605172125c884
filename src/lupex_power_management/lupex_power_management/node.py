# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Power management node: bus in, charge, verdict, forecast and switches out."""

import sys
from pathlib import Path
from typing import Any

from nav_msgs.msg import Odometry
from sensor_msgs.msg import BatteryState

from lupex_interfaces.msg import (
    DrillStatus,
    Fault,
    MissionStatus,
    PowerBus,
    PowerForecast,
    PowerStatus,
    PowerSwitches,
    SortiePlan,
)
from lupex_models.configuration import ConfigurationError
from lupex_models.locomotion import LocomotionTable
from lupex_models.rover import read_rover
from lupex_models.site import SiteError, open_site
from lupex_node import qos
from lupex_node.checks import InvalidMessage, in_frame
from lupex_node.conversions import seconds
from lupex_node.node import LupexNode
from lupex_node.ros.process import run
from lupex_power_management import charge_estimator, conversions, forecast, sortie_track
from lupex_power_management.bus import BusReading, EnergyBooks, booked, imbalance_limit_w
from lupex_power_management.config import PowerManagementConfig
from lupex_power_management.switches import Switches, switched
from lupex_power_management.work_veto import Verdict, judge

SEVERITY = {
    "bus_silent": Fault.ERROR,
    "under_voltage": Fault.CRITICAL,
    "energy_critical": Fault.CRITICAL,
    "energy_low": Fault.WARNING,
    "charge_uncertain": Fault.WARNING,
    "battery_cold": Fault.ERROR,
    "battery_hot": Fault.ERROR,
    "bus_contradiction": Fault.ERROR,
}


class PowerManagementNode(LupexNode[PowerManagementConfig]):
    """Wires the core to the topics; the state of the core are the values kept here."""

    NAME, CONFIG = "power_management", PowerManagementConfig

    def wire(self) -> None:
        config = self.config
        self._rover = read_rover(config.rover)
        try:
            self._site = open_site(Path(config.site)) if config.site else None
        except SiteError as error:
            raise ConfigurationError(str(error)) from error
        self._tables = (
            LocomotionTable.build(self._rover),
            LocomotionTable.build(self._rover, config.forecast.quantile),
        )
        self._charge: charge_estimator.ChargeState | None = None
        self._reading: BusReading | None = None
        self._books = EnergyBooks()
        self._heat: tuple[float, Any, EnergyBooks] | None = None
        self._verdict: Verdict | None = None
        self._switches = Switches()
        self._sortie: sortie_track.Sortie | None = None
        self._phase: tuple[float, Any] | None = None
        self._begun_s: float | None = None
        self._foreseen: forecast.Foreseen | None = None
        self._saved_s = -1e18

        self._status = self.publisher(PowerStatus, "/power/status")
        self._battery = self.publisher(BatteryState, "/battery_state")
        self._forecast = self.publisher(PowerForecast, "/power/forecast")
        self._lines = self.publisher(PowerSwitches, "/power/switches")
        self.receive(
            PowerBus,
            "/power/bus",
            self._bus,
            convert=lambda message: conversions.bus_reading(message, self._rover.battery, config.bus),
            frame="base_link",
            max_age_s=config.veto.stale_s,
        )
        self.receive(
            SortiePlan, "/plan/sortie", self._plan, convert=conversions.sortie, frame="map", profile=qos.LATCHED
        )
        self.receive(
            MissionStatus,
            "/mission/status",
            self._mission,
            convert=lambda message: (seconds(message.header.stamp), conversions.phase(message)),
        )
        self._odometry = self.newest(Odometry, "/odometry/global")
        self._drill = self.newest(DrillStatus, "/drill/status")
        self.every(1.0, self._tick)

    def _plan(self, sortie: sortie_track.Sortie | None) -> None:
        self._sortie = sortie
        self._foreseen = None

    def _mission(self, phase: tuple[float, Any]) -> None:
        self._phase = phase

    def _bus(self, reading: BusReading) -> None:
        battery, config = self._rover.battery, self.config
        if self._charge is None:
            saved = self.saved_state(config.resume_age_s)
            self._charge = None if saved is None else charge_estimator.from_checkpoint(saved[1])
        self._books = booked(self._books, reading, battery, config.books)
        if self._charge is None:
            self._charge = charge_estimator.begin(reading, battery, config.charge)
        else:
            limit_w = imbalance_limit_w(reading, config.veto.imbalance_w, config.veto.imbalance_share)
            imbalance_w = abs(self._books.imbalance_w)
            doubt_a = imbalance_w / reading.voltage_v if imbalance_w > limit_w else 0.0
            self._charge = charge_estimator.advance(self._charge, reading, battery, config.charge, doubt_a)
        self._reading = reading

    def _tick(self) -> None:
        now_s, battery, config = self.now_s(), self._rover.battery, self.config
        state = estimate = None
        if self._charge is not None:
            state = charge_estimator.extrapolate(self._charge, now_s, battery, config.charge)
            estimate = charge_estimator.estimate(state, battery)
        verdict = judge(estimate, self._reading, self._books, now_s, self._verdict, battery, config.veto)
        self._verdict = verdict
        self._report(verdict, now_s)
        self._switch(verdict, now_s)
        if state is None or estimate is None or self._reading is None:
            # nothing is known of the battery yet
            return
        self._status.publish(conversions.status_message(estimate, self._reading, verdict, battery))
        share = float(state.mean[charge_estimator.CAPACITY])
        self._battery.publish(conversions.battery_message(estimate, self._reading, share, battery))
        place = self._place(now_s)
        if self._foreseen is None or not self._foreseen.holds(now_s, place, estimate.energy_wh, config.forecast):
            self._foreseen = forecast.Foreseen(now_s, place, self._foresee(estimate, share, place, now_s))
        if now_s - self._saved_s >= config.checkpoint_s or now_s < self._saved_s:
            self._saved_s = now_s
            self.save_state(charge_estimator.to_checkpoint(self._charge), self._charge.stamp_s)

    def _report(self, verdict: Verdict, now_s: float) -> None:
        self._begun_s = now_s if self._begun_s is None else min(self._begun_s, now_s)
        starting = self._reading is None and now_s - self._begun_s <= self.config.veto.stale_s
        for code, severity in SEVERITY.items():
            text = next((o.text for o in verdict.objections if o.code == code), None)
            if text is None:
                self.clear_fault(code)
            elif not starting:
                self.raise_fault(code, severity, f"{text}; new work is not allowed")
        self.set_health(verdict.reason)

    def _switch(self, verdict: Verdict, now_s: float) -> None:
        config = self.config.switches
        status = self._drill()
        stowed = phase = None
        if status is not None and conversions.is_fresh(seconds(status.header.stamp), now_s, config.drill_status_age_s):
            stowed = conversions.drill_stowed(status)
        if self._phase is not None and conversions.is_fresh(self._phase[0], now_s, config.mission_status_age_s):
            phase = self._phase[1]
        rover = self._rover
        self._switches = switched(
            self._switches,
            now_s,
            stowed,
            phase,
            self._reading,
            verdict,
            rover.battery,
            rover.thermal,
            config,
            self.config.veto,
        )
        self._lines.publish(conversions.switches_message(self._switches, now_s))

    def _foresee(
        self, estimate: charge_estimator.ChargeEstimate, share: float, place: sortie_track.Place | None, now_s: float
    ) -> forecast.Forecast | None:
        """Publish and return a forecast, if the rover's place is known."""
        before_s, before, books = self._heat or (now_s, None, self._books)
        dt_s = now_s - before_s
        hours = max(dt_s, 1e-9) / 3600.0
        heat = forecast.observed_heat(
            before,
            estimate.temperature_k,
            (self._books.avionics_wh - books.avionics_wh) / hours,
            (self._books.mobility_wh - books.mobility_wh) / hours,
            place,
            self.utc_s(now_s),
            dt_s,
            self._site,
            self._rover,
        )
        self._heat = (now_s, heat, self._books)
        if self._site is None or place is None:
            return None
        config = self.config.forecast
        if self._sortie is None:
            track = sortie_track.at_rest(place, now_s, config)
        else:
            track = sortie_track.along(self._sortie, place, now_s, self._site.dem, *self._tables, config)
        light = forecast.sunlight(
            self._site, self._rover, track.x_m, track.y_m, self.utc_s(0.0) + track.end_s - 0.5 * track.length_s
        )
        standing_w = self._books.standing_w or self._rover.loads.avionics_w
        made = forecast.forecast(track, light, estimate, share, heat, standing_w, now_s, self._rover, config)
        self._forecast.publish(conversions.forecast_message(made))
        return made

    def _place(self, now_s: float) -> sortie_track.Place | None:
        message = self._odometry()
        if message is None:
            return None
        fresh = conversions.is_fresh(seconds(message.header.stamp), now_s, self.config.forecast.place_age_s)
        try:
            in_frame(message.header.frame_id, "map")
            return conversions.place(message) if fresh else None
        except InvalidMessage:
            return None


def main() -> int:
    """Run the node."""
    return run(PowerManagementNode)


if __name__ == "__main__":
    sys.exit(main())
