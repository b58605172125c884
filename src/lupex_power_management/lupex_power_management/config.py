# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the power management. The rover's own numbers stand in rover.yaml, not here."""

from dataclasses import dataclass, field

from lupex_models.configuration import setting


@dataclass(frozen=True)
class BusLimits:
    """What a reading of the power bus can be; anything else is not used."""

    cell_voltage_min_v: float = setting(2.0, "a cell", unit="V", minimum=0, maximum=5)
    cell_voltage_max_v: float = setting(4.6, "a cell", unit="V", minimum=1, maximum=6)
    current_max_a: float = setting(100.0, "either way", unit="A", minimum=1, maximum=1e4)
    temperature_min_k: float = setting(100.0, "a colder battery is refused", unit="K", minimum=1, maximum=400)
    temperature_max_k: float = setting(400.0, "a hotter one is refused", unit="K", minimum=200, maximum=1000)
    power_max_w: float = setting(3000.0, "of a load or the array", unit="W", minimum=10, maximum=1e6)
    power_noise_w: float = setting(10.0, "a power this far below zero counts as zero", unit="W", minimum=0, maximum=1e3)


@dataclass(frozen=True)
class BooksConfig:
    """How the energy is booked."""

    learn_s: float = setting(300.0, "over which the standing load is averaged", unit="s", minimum=1, maximum=1e5)
    imbalance_s: float = setting(30.0, "over which the imbalance is averaged", unit="s", minimum=1, maximum=1e5)
    longest_s: float = setting(
        10.0, "a longer silence is not booked: nobody measured what flowed", unit="s", minimum=1, maximum=3600
    )
    dark_w: float = setting(1.0, "less than this from the array is darkness", unit="W", minimum=0, maximum=100)


@dataclass(frozen=True)
class ChargeConfig:
    """What the charge estimate believes of its sensors and of a battery that it cannot open."""

    voltage_noise_v: float = setting(0.05, "of one reading, one sigma", unit="V", minimum=0.001, maximum=5)
    voltage_bias_v: float = setting(
        0.04, "lasting error of sensor and open-circuit curve, one sigma", unit="V", minimum=0, maximum=5
    )
    bias_time_s: float = setting(20000.0, "over which that error wanders", unit="s", minimum=10, maximum=1e7)
    current_offset_a: float = setting(0.02, "lasting error, one sigma", unit="A", minimum=0, maximum=10)
    current_gain: float = setting(0.005, "lasting error as a share, one sigma", minimum=0, maximum=0.5)
    capacity_share: float = setting(0.95, "expected capacity over the nominal one", minimum=0.3, maximum=1.2)
    capacity_sigma: float = setting(0.03, "of that share, one sigma", minimum=0.001, maximum=0.5)
    resistance_share: float = setting(1.2, "expected resistance over the nominal one", minimum=0.1, maximum=10)
    resistance_sigma: float = setting(0.2, "of that share, one sigma", minimum=0.001, maximum=5)
    gap_s: float = setting(
        3.0, "readings farther apart leave the current between unknown", unit="s", minimum=0.1, maximum=60
    )
    gap_current_a: float = setting(5.0, "one sigma of the current during such a gap", unit="A", minimum=0, maximum=100)
    gate_sigma: float = setting(5.0, "a voltage farther off is not used", minimum=1, maximum=100)
    reopen_after: int = setting(
        30, "refused voltages in a row after which the charge counts as doubtful", minimum=1, maximum=10000
    )
    reopen_soc: float = setting(0.15, "sigma of the charge then", minimum=0.01, maximum=1)
    restart_s: float = setting(
        10.0, "time stamps that go back further than this start the estimate afresh", unit="s", minimum=0.1, maximum=1e5
    )


@dataclass(frozen=True)
class VetoConfig:
    """When new work is not allowed."""

    warning_band_wh: float = setting(125.0, "above the reserve", unit="Wh", minimum=0, maximum=1e5)
    release_wh: float = setting(
        50.0, "above the band again, before work is allowed again", unit="Wh", minimum=0, maximum=1e5
    )
    confidence_sigma: float = setting(2.0, "the energy counts less so many sigma", minimum=0, maximum=10)
    stale_s: float = setting(5.0, "bus data older than this forbid work", unit="s", minimum=0.5, maximum=600)
    soc_sigma_max: float = setting(0.12, "a charge less certain than this forbids work", minimum=0.005, maximum=1)
    cold_margin_k: float = setting(5.0, "above the coldest discharge", unit="K", minimum=0, maximum=50)
    hot_k: float = setting(318.0, "a battery warmer than this forbids work", unit="K", minimum=250, maximum=400)
    imbalance_w: float = setting(
        25.0, "lasting disagreement of battery power with array and loads, fixed part", unit="W", minimum=1, maximum=1e4
    )
    imbalance_share: float = setting(0.1, "and the part that grows with the powers", minimum=0, maximum=1)


@dataclass(frozen=True)
class ForecastConfig:
    """How far and how finely the energy is forecast."""

    period_s: float = setting(10.0, "at least, between forecasts of one plan", unit="s", minimum=1, maximum=3600)
    longest_s: float = setting(60.0, "between forecasts, when all goes as foreseen", unit="s", minimum=1, maximum=3600)
    moved_m: float = setting(5.0, "moved, after which there is a new one", unit="m", minimum=0, maximum=1000)
    departed_wh: float = setting(
        5.0, "by which the energy may depart from the forecast before there is", unit="Wh", minimum=0, maximum=1e4
    )
    step_s: float = setting(120.0, "shortest step", unit="s", minimum=1, maximum=3600)
    most_steps: int = setting(160, "longer plans take longer steps", minimum=4, maximum=10000)
    rest_s: float = setting(14400.0, "how far ahead without a plan", unit="s", minimum=60, maximum=1e6)
    place_age_s: float = setting(30.0, "an older position is not used", unit="s", minimum=0.5, maximum=3600)
    array_share: float = setting(0.95, "expected array power over the nominal one", minimum=0, maximum=1.2)
    array_sigma: float = setting(0.05, "of that share, one sigma", minimum=0, maximum=1)
    load_sigma: float = setting(0.05, "share of the standing loads, one sigma", minimum=0, maximum=1)
    quantile: float = setting(0.95, "of the soil's spread, for the uncertainty of driving", minimum=0.6, maximum=0.999)
    arrived_m: float = setting(5.0, "of the last waypoint: there the plan is over", unit="m", minimum=0.1, maximum=100)
    stay_m: float = setting(1.0, "waypoints nearer than this are one place", unit="m", minimum=0.1, maximum=20)
    time_worth_mps: float = setting(
        0.02, "metres off the route that weigh like a second off the plan", unit="m/s", minimum=1e-4, maximum=10
    )


@dataclass(frozen=True)
class SwitchConfig:
    """When the lines are closed."""

    dark_w: float = setting(1.0, "less than this from the array is darkness", unit="W", minimum=0, maximum=100)
    drill_status_age_s: float = setting(5.0, "an older drill status is not used", unit="s", minimum=0.5, maximum=600)
    mission_status_age_s: float = setting(
        10.0, "an older mission status is not used", unit="s", minimum=0.5, maximum=600
    )
    hold_s: float = setting(
        60.0, "lines stay as they are so long when nobody speaks", unit="s", minimum=0, maximum=3600
    )


@dataclass(frozen=True)
class PowerManagementConfig:
    """Charge estimate, veto, forecast and switches."""

    rover: str = setting(description="file with the rover's numbers")
    site: str = setting("", "directory of the orbital product of the site; empty: no forecast")
    checkpoint_s: float = setting(10.0, "between checkpoints", unit="s", minimum=1, maximum=600)
    resume_age_s: float = setting(600.0, "oldest checkpoint taken up", unit="s", minimum=0, maximum=1e6)
    books: BooksConfig = field(default_factory=BooksConfig)
    bus: BusLimits = field(default_factory=BusLimits)
    charge: ChargeConfig = field(default_factory=ChargeConfig)
    veto: VetoConfig = field(default_factory=VetoConfig)
    forecast: ForecastConfig = field(default_factory=ForecastConfig)
    switches: SwitchConfig = field(default_factory=SwitchConfig)
