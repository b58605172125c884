# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the judgement over a recording."""

from dataclasses import dataclass

from lupex_models.configuration import setting


@dataclass(frozen=True)
class Judgement:
    """What makes a sortie a success, beside the mission's own word."""

    sunlit_fraction: float = setting(0.5, "true share of the Sun's disc at the end", minimum=0, maximum=1)
    reserve_fraction: float = setting(
        0.15, "of the charge, where the bag does not hold the rover's own", minimum=0, maximum=0.9
    )
    sample_depth_m: float = setting(0.5, "to which a sample must reach", unit="m", minimum=0, maximum=3)
    depth_tolerance_m: float = setting(0.005, "within which that depth counts", unit="m", minimum=0, maximum=0.1)
    dark_fraction: float = setting(0.05, "of the Sun's disc: below it is darkness", minimum=0, maximum=1)
    stop_speed_mps: float = setting(0.005, "slower is a stop", unit="m/s", minimum=0, maximum=1)
    stop_s: float = setting(5.0, "a stop lasts at least", unit="s", minimum=0, maximum=600)
    match_s: float = setting(0.6, "farthest in time from truth for an estimate", unit="s", minimum=0.01, maximum=10)


JUDGEMENT = Judgement()
