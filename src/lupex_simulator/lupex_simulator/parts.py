# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which parts of the world are simulated; another process may supply the topics of the others."""

from enum import Enum

from lupex_models.configuration import ConfigurationError


class Part(Enum):
    """A part of the world that can be switched off singly."""

    VEHICLE = "vehicle"
    LIDAR = "lidar"
    INERTIAL = "inertial"
    SKY_SENSORS = "sky_sensors"
    POWER_BUS = "power_bus"
    DRILL_RIG = "drill_rig"
    NEUTRONS = "neutrons"


def read_parts(text: str) -> frozenset[Part]:
    """Read `all`, a list of what is on (`vehicle,lidar`), or of what is off (`-inertial,-lidar`).

    Raises ConfigurationError for an unknown name, a mixture of both forms, or a choice that cannot work.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {part.value: part for part in Part}
    if not names:
        raise ConfigurationError(f"parameter 'parts' is empty; it takes 'all' or a comma list of {', '.join(known)}")
    if names == ["all"]:
        return frozenset(Part)
    off = [name for name in names if name.startswith("-")]
    if off and len(off) != len(names):
        raise ConfigurationError(
            f"parameter 'parts' is '{text}', but lists either what is on (a,b) or what is off (-a,-b), not both"
        )
    for name in names:
        if name.lstrip("-") not in known:
            raise ConfigurationError(
                f"parameter 'parts': unknown part '{name.lstrip('-')}'; known: {', '.join(known)}, or 'all'"
            )
    chosen = frozenset(known[name.lstrip("-")] for name in names)
    parts = frozenset(Part) - chosen if off else chosen
    if Part.INERTIAL in parts and Part.VEHICLE not in parts:
        raise ConfigurationError(
            "parameter 'parts': inertial needs the vehicle's motion at 25 Hz; with vehicle off switch inertial off too"
        )
    return parts
