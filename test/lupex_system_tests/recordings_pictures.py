# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The pictures of docs/recordings.md: `python -m lupex_system_tests.recordings_pictures FOREIGN_BAG OUR_BAG`."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from lupex_analysis.figures.rover_figures import presence_figure, tracks_figure
from lupex_analysis.figures.style import drawing
from lupex_analysis.reading import read_recording
from lupex_analysis.rover.overview import overview
from lupex_analysis.sortie import ASKED

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


def draw(foreign: Path, ours: Path, images: Path = IMAGES) -> None:
    """Draw the tracks of a foreign bag, and when the topics of one of ours spoke."""
    with drawing():
        seen = overview(read_recording(foreign, ASKED))
        tracks_figure(seen.truth, seen.estimates).savefig(images / "recordings_tracks.png", dpi=90)
        recording = read_recording(ours, ())
        figure = presence_figure(recording.times, recording.start_ns, recording.end_ns)
        figure.savefig(images / "recordings_presence.png", dpi=90)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
