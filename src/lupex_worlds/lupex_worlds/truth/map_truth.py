# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far what autonomy is given from orbit errs: the 5 m map, the far relief and the mask of permanent shadow."""

from dataclasses import dataclass

from lupex_models.configuration import setting


@dataclass(frozen=True)
class MapTruth:
    """Spread of the orbital product's errors over places; the defaults are those of the level `kind`.

    Height and slope error come from one draw: a product that is better in one is better in the other.
    """

    height_rms_m: tuple[float, float] = setting(
        (0.2, 0.2), "of the 5 m map, small craters aside", unit="m", minimum=0, maximum=5
    )
    slope_rms_deg: tuple[float, float] = setting(
        (0.0, 0.0),
        "along an axis over 5 m; without tracks it is not aimed at",
        unit="deg",
        minimum=0,
        maximum=15,
    )
    track_spacing_m: float = setting(
        0.0,
        "mean, of the altimeter's tracks; 0: none, and an error that knows no tracks",
        unit="m",
        minimum=0,
        maximum=500,
    )
    shot_spacing_m: float = setting(10.0, "along a track", unit="m", minimum=10, maximum=500)
    along_track_m: tuple[float, float] = setting(
        (300.0, 300.0), "correlation length of a track's error", unit="m", minimum=50, maximum=5000
    )
    far_rms_m: float = setting(0.0, "of the far relief", unit="m", minimum=0, maximum=500)
    far_correlation_m: float = setting(3000.0, "correlation length of it", unit="m", minimum=1600, maximum=50000)
    shadow_edge_m: float = setting(
        0.0, "rms shift of the edge of the permanent shadow beside that of the map", unit="m", minimum=0, maximum=200
    )
    shadow_edge_correlation_m: float = setting(60.0, "correlation length of it", unit="m", minimum=10, maximum=1000)
