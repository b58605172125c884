# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A truth level: a named set of absolute spreads, frozen."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from lupex_models.configuration import setting
from lupex_worlds.truth.encoder_truth import EncoderTruth
from lupex_worlds.truth.energy_truth import EnergyTruth
from lupex_worlds.truth.map_truth import MapTruth
from lupex_worlds.truth.place_truth import PlaceTruth
from lupex_worlds.truth.sensor_truth import SensorTruth
from lupex_worlds.truth.soil_truth import GroundTruth
from lupex_worlds.truth.start_truth import StartTruth
from lupex_worlds.truth.vehicle_truth import VehicleTruth


@dataclass(frozen=True)
class TruthLevel:
    """The sections of one level; their defaults are those of `kind`."""

    name: str = setting("kind")
    map: MapTruth = dataclasses.field(default_factory=MapTruth)
    place: PlaceTruth = dataclasses.field(default_factory=PlaceTruth)
    start: StartTruth = dataclasses.field(default_factory=StartTruth)
    ground: GroundTruth = dataclasses.field(default_factory=GroundTruth)
    encoders: EncoderTruth = dataclasses.field(default_factory=EncoderTruth)
    vehicle: VehicleTruth = dataclasses.field(default_factory=VehicleTruth)
    energy: EnergyTruth = dataclasses.field(default_factory=EnergyTruth)
    sensors: SensorTruth = dataclasses.field(default_factory=SensorTruth)

    @property
    def place_part(self) -> dict[str, Any]:
        """What of the level is in a world's files, as plain values; a draw's own spreads are not.

        The start is in it because the orbital product tells how well the lander is known.
        """
        return {
            "map": dataclasses.asdict(self.map),
            "place": dataclasses.asdict(self.place),
            "start": dataclasses.asdict(self.start),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of all numbers: two levels with the same one are the same truth, whatever their files are called."""
        values = dataclasses.asdict(self)
        del values["name"]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


KIND = TruthLevel()
