# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the cameras saw along a sortie: pictures of the recording as they are, in rows."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from lupex_analysis.reading import Recording, stamp_s
from lupex_analysis.sortie import HAZARD, NAVIGATION, NAVIGATION_RIGHT, Sortie

ROWS = {NAVIGATION: "navigation camera, left", NAVIGATION_RIGHT: "navigation camera, right", HAZARD: "hazard camera"}
PICTURES = 6
"""Of a row, at most."""
_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
"""By how a file begins: what a browser shows. The message's own word for it differs from maker to maker."""


@dataclass(frozen=True)
class Picture:
    """One picture and where the rover was; `way_m` is NaN without truth or estimate."""

    time_s: float
    way_m: float
    kind: str
    data: bytes


def strips(recording: Recording, sortie: Sortie) -> dict[str, list[Picture]]:
    """Return the pictures to be shown by topic, spread over the way or, for who stood, over the time."""
    found = {}
    for topic in ROWS:
        pictures = [_picture(message, sortie) for message in recording.messages.get(topic, ())]
        shown = _spread([picture for picture in pictures if picture is not None])
        if shown:
            found[topic] = shown
    return found


def _picture(message: Any, sortie: Sortie) -> Picture | None:
    data = bytes(message.data)
    kind = next((kind for begin, kind in _KINDS.items() if data.startswith(begin)), None)
    if kind is None:
        return None
    time_s, truth = stamp_s(message), sortie.truth
    known = truth["t"].size > 0 and truth["t"][0] - 1.0 <= time_s <= truth["t"][-1] + 1.0
    way = float(np.interp(time_s, truth["t"], truth["distance_m"])) if known else float("nan")
    return Picture(time_s, way, kind, data)


def _spread(pictures: Sequence[Picture]) -> list[Picture]:
    """Return at most PICTURES, the first and the last among them, as evenly over the way as there are any."""
    pictures = sorted(pictures, key=lambda picture: picture.time_s)
    if len(pictures) <= PICTURES:
        return list(pictures)
    along = np.array([picture.way_m for picture in pictures])
    if not np.isfinite(along).all() or along[-1] - along[0] < 1.0:
        along = np.array([picture.time_s for picture in pictures])
    wanted = np.linspace(along[0], along[-1], PICTURES)
    chosen = {int(np.abs(along - place).argmin()) for place in wanted[:-1]} | {len(pictures) - 1}
    return [pictures[k] for k in sorted(chosen)]


def strip_html(shown: Mapping[str, Sequence[Picture]], start_s: float) -> str:
    """Return the rows as HTML that refers to nothing outside."""
    return "".join(
        f'<figure><div class="strip">{"".join(_cell(picture, start_s) for picture in row)}</div>'
        f"<figcaption>{escape(ROWS[topic])}</figcaption></figure>"
        for topic, row in shown.items()
    )


def _cell(picture: Picture, start_s: float) -> str:
    at = f"{(picture.time_s - start_s) / 3600.0:.2f} h"
    text = at if np.isnan(picture.way_m) else f"{at}, {picture.way_m:.0f} m"
    data = base64.b64encode(picture.data).decode()
    return f'<div><img alt="at {text}" src="data:{picture.kind};base64,{data}"><small>{text}</small></div>'
