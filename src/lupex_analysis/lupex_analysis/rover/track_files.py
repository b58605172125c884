# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Tracks as files that other tools read."""

from collections.abc import Sequence

import numpy as np

from lupex_analysis.rover.tracks import Track


def tum(track: Track) -> str:
    """Return lines of `time x y z qx qy qz qw`."""
    rows = np.column_stack([track.time_s, track.place_m, track.quaternion[:, [1, 2, 3, 0]]])
    return "".join(f"{row[0]:.9f} " + " ".join(f"{value:.9g}" for value in row[1:]) + "\n" for row in rows)


def csv(tracks: Sequence[Track]) -> str:
    """Return tracks as a table: topic, time [s], place [m], attitude."""
    lines = ["topic,time_s,x_m,y_m,z_m,qw,qx,qy,qz\n"]
    for track in tracks:
        rows = np.column_stack([track.time_s, track.place_m, track.quaternion])
        name = f'"{track.topic}"' if "," in track.topic else track.topic
        lines += [f"{name},{row[0]:.9f}," + ",".join(f"{value:.9g}" for value in row[1:]) + "\n" for row in rows]
    return "".join(lines)
