# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A few pictures of each camera, cloud, scan and grid, made small."""

import base64
import io
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
from PIL import Image

from lupex_analysis.reading import Recording
from lupex_analysis.rover.roles import IMAGES, VIEWS
from lupex_analysis.rover.top_views import top_view

SHOWN = 6
"""Of a topic, at most."""
MOST = 36
"""In all of a kind, at most: the page stays small however many cameras there are."""
_WIDE = 320
_LARGEST = 1 << 14
_MODES = {"mono8": ("L", 1), "8UC1": ("L", 1), "rgb8": ("RGB", 3), "bgr8": ("RGB", 3), "8UC3": ("RGB", 3),
    "rgba8": ("RGBA", 4), "bgra8": ("RGBA", 4)}  # fmt: skip
_NOT_SHOWN = (OSError, ValueError, KeyError, IndexError, TypeError, SyntaxError, MemoryError, OverflowError,
    Image.DecompressionBombError)  # fmt: skip
"""What Pillow and NumPy raise at bytes that are no picture."""


def views_html(recording: Recording) -> str:
    """Return a row of pictures from above for each topic of clouds, scans and grids; empty where there is none."""
    return pictures_html(recording, kinds=VIEWS)


def pictures_html(recording: Recording, left_out: tuple[str, ...] = (), kinds: tuple[str, ...] = IMAGES) -> str:
    """Return a row of pictures for each topic of some types, spread over its time; empty where none can be shown."""
    topics = [
        topic for topic in sorted(recording.messages) if recording.types.get(topic) in kinds and topic not in left_out
    ]
    shown = min(SHOWN, max(1, MOST // max(len(topics), 1)))
    rows = []
    for topic in topics[:MOST]:
        messages, received = recording.messages[topic], recording.received_ns[topic]
        chosen = np.unique(np.linspace(0, len(messages) - 1, shown).astype(int))
        cells = "".join(_cells(recording, [messages[k] for k in chosen], received[chosen]))
        if cells:
            rows.append(f'<figure><div class="strip">{cells}</div><figcaption>{escape(topic)}</figcaption></figure>')
    if topics[MOST:]:
        rows.append(f'<p class="absent">{len(topics) - MOST} more such topics are not shown.</p>')
    return "".join(rows)


def _cells(recording: Recording, messages: list[Any], received_ns: np.ndarray) -> Iterator[str]:
    for message, at_ns in zip(messages, received_ns, strict=True):
        data = small(message)
        if data:
            at = f"{float(at_ns - recording.start_ns) * 1e-9:.1f} s"
            source = base64.b64encode(data).decode()
            yield f'<div><img alt="at {at}" src="data:image/jpeg;base64,{source}"><small>{at}</small></div>'


def small(message: Any) -> bytes:
    """Return a picture as a small JPEG; empty where it is none that can be shown."""
    try:
        picture = _picture(message)
        if picture is None or max(picture.size) > _LARGEST:
            return b""
        picture = picture.convert("RGB")
        picture.thumbnail((_WIDE, _WIDE))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=80)
        return out.getvalue()
    except _NOT_SHOWN:
        return b""


def _picture(message: Any) -> Image.Image | None:
    if hasattr(message, "format"):
        return Image.open(io.BytesIO(bytes(message.data)))
    return _raw(message) if hasattr(message, "encoding") else top_view(message)


def _raw(message: Any) -> Image.Image | None:
    """Return the pixels of a sensor_msgs/Image; None for an encoding that is no picture, as depth."""
    mode, channels = _MODES.get(message.encoding, ("", 0))
    height, width, step = int(message.height), int(message.width), int(message.step)
    data = np.asarray(message.data, dtype=np.uint8)
    if not channels or not 0 < width <= _LARGEST or not 0 < height <= _LARGEST:
        return None
    if step < width * channels or data.size < step * height:
        return None
    rows = data[: step * height].reshape(height, step)[:, : width * channels].reshape(height, width, channels)
    if message.encoding.startswith("bgr"):
        rows = rows[:, :, [2, 1, 0, *range(3, channels)]]
    return Image.fromarray(np.ascontiguousarray(rows[:, :, 0] if channels == 1 else rows), mode)
