# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of motion over ground by the lidar; part of config.py."""

from dataclasses import dataclass

from lupex_models.configuration import setting


@dataclass(frozen=True)
class GroundMatching:
    """Motion over ground by the lidar: scans against patches of the ground that it saw before."""

    enabled: bool = setting(True, "take the lidar's clouds")
    frame: str = setting("lidar", "frame_id that the clouds must carry")
    cell_m: float = setting(0.25, "between nodes", unit="m", minimum=0.05, maximum=2)
    reach_m: float = setting(7.0, "points nearer than that", unit="m", minimum=1, maximum=30)
    nearest_m: float = setting(0.8, "and further than that", unit="m", minimum=0, maximum=5)
    rise_m: float = setting(0.25, "that ground may stand above or below the body's plane, and", unit="m", maximum=10)
    steepest: float = setting(0.5, "as much more for each metre", maximum=5)
    points: int = setting(2000, "matched, of those of a scan", minimum=200, maximum=100_000)
    least_points: int = setting(500, "a cloud with fewer in reach is not used", minimum=100, maximum=100_000)
    floor_m: float = setting(0.005, "no displacement is known better", unit="m", minimum=1e-4, maximum=1)
    alike_points: float = setting(4.0, "points whose errors are alike", minimum=1, maximum=1e4)
    misfit_per_m: float = setting(
        1.6, "slope that scans show which do not quite fit, over the heights left over", unit="1/m", maximum=100
    )
    relief_share: float = setting(
        0.35, "of the squares of slopes that their noise must leave, or the ground tells nothing", minimum=0, maximum=1
    )
    relief_sigmas: float = setting(
        4.5, "of its own chance by which relief must exceed none, or the ground tells nothing", minimum=0, maximum=100
    )
    tilt_sigma_rad: float = setting(4.0e-3, "between scan and patch: mounting", unit="rad", minimum=1e-5, maximum=0.1)
    alignment_sigma_rad: float = setting(3.0e-3, "of the lidar's mounting, each axis", unit="rad", maximum=0.1)
    window_m: float = setting(0.6, "most that a displacement is searched about the guess", unit="m", minimum=0.1)
    overlap: float = setting(0.4, "of the points that must meet the patch", minimum=0.05, maximum=1)
    every_m: float = setting(0.3, "of way between scans used", unit="m", minimum=0.05, maximum=5)
    every_rad: float = setting(0.1, "of turning, likewise", unit="rad", minimum=0.01, maximum=3)
    grow_m: float = setting(1.0, "way over which a patch takes in scans", unit="m", minimum=0.2, maximum=10)
    next_m: float = setting(1.5, "way after which the next patch is begun", unit="m", minimum=0.2, maximum=10)
    last_m: float = setting(3.0, "way after which it takes over", unit="m", minimum=0.5, maximum=20)
    lost_after: int = setting(3, "scans without a place in the patch, after which it is begun anew", minimum=1)
