# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Spread of the places along a ridge, from which a place's seed draws one."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from lupex_models.configuration import ConfigurationError, setting


@dataclass(frozen=True)
class Places:
    """What differs from place to place, each range uniform; the recipe's own keys hold for all that is not here."""

    season_from_utc: str = setting(description="earliest start, ISO 8601")
    season_until_utc: str = setting(description="latest end of the haven's light, ISO 8601")
    ridge_bearing_deg: float = setting(
        0.0, "of the ridge, counter-clockwise from map x", unit="deg", minimum=-360, maximum=360
    )
    along_m: tuple[float, float] = setting(
        (-2000.0, 2000.0), "shift along the ridge", unit="m", minimum=-10000, maximum=10000
    )
    across_m: tuple[float, float] = setting(
        (-500.0, 500.0), "shift to the left of it", unit="m", minimum=-5000, maximum=5000
    )
    lit_hours: float = setting(
        30.0, "the haven is lit for at least so long from the start", unit="h", minimum=1, maximum=400
    )
    haven_slope_deg: float = setting(10.0, "steepest ground of a haven", unit="deg", minimum=1, maximum=30)
    crater_diameter_m: tuple[float, float] = setting((280.0, 420.0), unit="m", minimum=60, maximum=1000)
    crater_depth_ratio: tuple[float, float] = setting(
        (0.08, 0.14), "rim crest to floor over diameter", minimum=0.02, maximum=0.2
    )
    crater_rim_m: tuple[float, float] = setting(
        (30.0, 90.0), "from the haven to the rim", unit="m", minimum=5, maximum=500
    )
    target_radius_share: tuple[float, float] = setting(
        (0.0, 0.5), "how far out of the centre the target lies, toward the haven", minimum=0, maximum=0.9
    )


def check_places(places: Places, dem_source: str, source: str) -> None:
    """Check what no single key can tell. Raises ConfigurationError."""
    if dem_source != "lola":
        raise ConfigurationError(f"{source}: 'places' needs 'dem.source: lola': another relief ends at its file's edge")
    first_s, last_s = utc_s(places.season_from_utc), utc_s(places.season_until_utc)
    if not first_s + 3600.0 * places.lit_hours < last_s:
        raise ConfigurationError(
            f"{source}: 'places.season_from_utc' and 'places.season_until_utc' take ISO 8601 times with a zone that "
            f"lie more than 'places.lit_hours' ({places.lit_hours:g} h) apart"
        )


def utc_s(text: str) -> float:
    """Return Unix seconds of an ISO 8601 time, nan for a text that is no time with a zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return moment.astimezone(UTC).timestamp() if moment.tzinfo is not None else math.nan
