# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far the lander may truly stand from where the map says that it does."""

from dataclasses import dataclass

from lupex_models.configuration import setting


@dataclass(frozen=True)
class StartTruth:
    """Spread of the lander's pose about the told one; the defaults are those of the level `kind`: none."""

    position_sigma_m: float = setting(0.0, "each horizontal axis", unit="m", minimum=0, maximum=100)
    position_at_most_m: float = setting(0.0, "from the told place", unit="m", minimum=0, maximum=300)
    heading_sigma_deg: float = setting(0.0, unit="deg", minimum=0, maximum=60)
    heading_at_most_deg: float = setting(0.0, "from the told heading", unit="deg", minimum=0, maximum=180)
    footing_radius_m: float = setting(2.5, "where it stands lies no rock", unit="m", minimum=0, maximum=10)
    footing_slope_deg: float = setting(15.0, "steepest ground that it stands on", unit="deg", minimum=1, maximum=40)
