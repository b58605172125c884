# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What nodes said when they were recorded beside what they say when they are replayed, topic by topic."""

import math
import struct
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from lupex_analysis.field_units import unit_of

Decode = Callable[[bytes], Any]

EXCHANGE = "lupex_interfaces/msg/Exchange"
EVENT_TOLERANCE_NS = 500_000_000
"""How far apart two of few messages may be and still be of one occasion."""
SHOWN_FIELDS = 5
"""Of a topic in the table; the JSON has all."""
_HEADER_END = 12


class Spoken(NamedTuple):
    """A serialized message and the time of its telling [ns]."""

    time_ns: int
    data: bytes


@dataclass(frozen=True)
class Difference:
    """Two values that should be one; `size` is NaN where they are no numbers."""

    path: str
    recorded: str
    now: str
    size: float


@dataclass(frozen=True)
class FirstDifference:
    """Where a topic differs for the first time."""

    time_s: float
    path: str
    recorded: str
    now: str
    unit: str


@dataclass(frozen=True)
class FieldDifference:
    """The largest difference of a numeric field, and when that is. Indices are left out of the path."""

    path: str
    largest: float
    unit: str
    time_s: float


@dataclass(frozen=True)
class TopicComparison:
    """One topic. `only_recorded` and `only_now` count what has no counterpart; `note` says what is not compared."""

    topic: str
    kind: str
    recorded: int
    now: int
    differing: int = 0
    only_recorded: int = 0
    only_now: int = 0
    first: FirstDifference | None = None
    fields: tuple[FieldDifference, ...] = ()
    note: str = ""

    @property
    def same(self) -> bool:
        """Tell whether nothing differs."""
        return not (self.differing or self.only_recorded or self.only_now)


@dataclass
class _Sums:
    """What is gathered over the pairs of a topic."""

    kind: str
    differing: int = 0
    first: FirstDifference | None = None
    largest: dict[str, FieldDifference] = field(default_factory=dict)

    def tell_first(self, time_ns: int, path: str, recorded: str, now: str, unit: str = "") -> None:
        if self.first is None or time_ns / 1e9 < self.first.time_s:
            self.first = FirstDifference(time_ns / 1e9, path, recorded, now, unit)

    def take(self, time_ns: int, found: Sequence[Difference]) -> None:
        if not found:
            return
        self.differing += 1
        first = found[0]
        self.tell_first(time_ns, first.path, first.recorded, first.now, unit_of(self.kind, bare(first.path)))
        for difference in found:
            path = bare(difference.path)
            held = self.largest.get(path)
            if not math.isnan(difference.size) and (held is None or difference.size > held.largest):
                unit = unit_of(self.kind, path)
                self.largest[path] = FieldDifference(path, difference.size, unit, time_ns / 1e9)


def compare_topic(
    topic: str,
    kind: str,
    recorded: Sequence[Spoken],
    now: Sequence[Spoken],
    decoders: tuple[Decode | None, Decode | None],
    *,
    end_ns: int,
    thinned: bool = False,
) -> TopicComparison:
    """Compare what was recorded of a topic with what is said now.

    Of what is said at the last recorded moment or after it, and of a topic that was thinned, only what was recorded is
    compared. `decoders` are those of the recorded and of the present definition.
    """
    if None in decoders:
        same = [spoken.data for spoken in recorded] == [spoken.data for spoken in now]
        note = "" if same else "its definition cannot be used: compared byte by byte"
        return TopicComparison(topic, kind, len(recorded), len(now), differing=int(not same), note=note)
    decode_recorded, decode_now = decoders
    assert decode_recorded is not None
    assert decode_now is not None
    pairs, left_recorded, left_now = _pairs(kind, recorded, now, decode_recorded, decode_now)
    sums = _Sums(kind)
    for index, other in pairs:
        a, b = recorded[index], now[other]
        if a.data != b.data:
            sums.take(a.time_ns, list(differences(decode_recorded(a.data), decode_now(b.data))))
    if thinned:
        left_now = []
    left_now = [index for index in left_now if now[index].time_ns < end_ns]
    for index in left_recorded:
        sums.tell_first(recorded[index].time_ns, "", "told", "not told")
    for index in left_now:
        sums.tell_first(now[index].time_ns, "", "not told", "told")
    return TopicComparison(
        topic,
        kind,
        len(recorded),
        len(now),
        sums.differing,
        len(left_recorded),
        len(left_now),
        sums.first,
        # what has a unit says more than a quaternion
        tuple(sorted(sums.largest.values(), key=lambda found: not found.unit)),
        "thinned when recorded" if thinned else "",
    )


Pairs = tuple[list[tuple[int, int]], list[int], list[int]]
"""Pairs of indices, and those left on either side."""


def _pairs(
    kind: str, recorded: Sequence[Spoken], now: Sequence[Spoken], decode_recorded: Decode, decode_now: Decode
) -> Pairs:
    if kind == EXCHANGE:
        return matched([_key(decode_recorded(each.data)) for each in recorded], [_key(decode_now(s.data)) for s in now])
    headed = _has_header(recorded, decode_recorded) and _has_header(now, decode_now)
    return paired(_times(recorded, headed), _times(now, headed))


def _key(message: Any) -> Hashable:
    """Return what an exchange is about: the n-th request is compared with the n-th, whenever it comes."""
    return (message.name, message.client, message.number, message.kind)


def matched(recorded: Sequence[Hashable], now: Sequence[Hashable]) -> Pairs:
    """Pair what has one key, the first with the first."""
    places: dict[Hashable, list[int]] = {}
    for index, key in reversed(list(enumerate(now))):
        places.setdefault(key, []).append(index)
    pairs, left = [], []
    for index, key in enumerate(recorded):
        if places.get(key):
            pairs.append((index, places[key].pop()))
        else:
            left.append(index)
    return pairs, left, sorted(index for rest in places.values() for index in rest)


def _has_header(spoken: Sequence[Spoken], decode: Decode) -> bool:
    return bool(spoken) and len(spoken[0].data) >= _HEADER_END and _begins_with_header(decode(spoken[0].data))


def _begins_with_header(message: Any) -> bool:
    return is_dataclass(message) and _names(message)[:1] == ["header"]


def _times(spoken: Sequence[Spoken], headed: bool) -> list[int]:
    """Return the times by which messages are paired: their stamps, where they have some."""
    return [_stamp_ns(each.data) if headed else each.time_ns for each in spoken]


def _stamp_ns(data: bytes) -> int:
    # CDR: four bytes that tell the byte order, then the header's stamp
    sec, nanosec = struct.unpack_from("<iI" if data[1] & 1 else ">iI", data, 4)
    return int(sec) * 1_000_000_000 + int(nanosec)


def paired(recorded: Sequence[int], now: Sequence[int]) -> Pairs:
    """Pair times in order, each with the nearest.

    Two that lie further apart than half the usual interval are none.
    """
    if list(recorded) == list(now):
        return [(index, index) for index in range(len(now))], [], []
    steps = [b - a for a, b in pairwise(recorded) if b > a]
    most_ns = median(steps) / 2 if len(steps) > 2 else EVENT_TOLERANCE_NS
    pairs: list[tuple[int, int]] = []
    left_recorded: list[int] = []
    left_now: list[int] = []
    i = j = 0
    while i < len(recorded) and j < len(now):
        apart = abs(recorded[i] - now[j])
        if apart and i + 1 < len(recorded) and abs(recorded[i + 1] - now[j]) < apart:
            left_recorded.append(i)
            i += 1
        elif apart and j + 1 < len(now) and abs(recorded[i] - now[j + 1]) < apart:
            left_now.append(j)
            j += 1
        elif apart <= most_ns:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif recorded[i] < now[j]:
            left_recorded.append(i)
            i += 1
        else:
            left_now.append(j)
            j += 1
    return pairs, [*left_recorded, *range(i, len(recorded))], [*left_now, *range(j, len(now))]


def differences(recorded: Any, now: Any, path: str = "") -> Iterator[Difference]:
    """Yield where two decoded messages differ, in the order of their fields."""
    if _is_time(recorded) and _is_time(now):
        yield from _numbers(_time_s(recorded), _time_s(now), path)
    elif is_dataclass(recorded) and is_dataclass(now):
        for name in _names(recorded):
            inner = f"{path}.{name}" if path else name
            if not hasattr(now, name):
                yield Difference(inner, "there", "no such field", math.nan)
            else:
                yield from differences(getattr(recorded, name), getattr(now, name), inner)
    elif isinstance(recorded, np.ndarray) and isinstance(now, np.ndarray):
        yield from _arrays(recorded, now, path)
    elif isinstance(recorded, list) and isinstance(now, list):
        if len(recorded) != len(now):
            yield Difference(path, f"{len(recorded)} items", f"{len(now)} items", math.nan)
            return
        for index, (a, b) in enumerate(zip(recorded, now)):
            yield from differences(a, b, f"{path}[{index}]")
    elif _is_number(recorded) and _is_number(now):
        yield from _numbers(recorded, now, path)
    elif recorded != now:
        yield Difference(path, _shown(recorded), _shown(now), math.nan)


def _arrays(recorded: np.ndarray, now: np.ndarray, path: str) -> Iterator[Difference]:
    if recorded.shape != now.shape:
        yield Difference(path, f"{recorded.size} numbers", f"{now.size} numbers", math.nan)
        return
    floating = recorded.dtype.kind == "f" and now.dtype.kind == "f"
    unlike = ~((recorded == now) | (np.isnan(recorded) & np.isnan(now))) if floating else recorded != now
    if not unlike.any():
        return
    if recorded.dtype == np.uint8:
        yield Difference(path, "", f"{np.count_nonzero(unlike)} of {now.size} bytes differ", math.nan)
        return
    apart = np.abs(now.astype(float) - recorded.astype(float))
    # where one of the two is no number, the difference has no size but is there
    sizes = np.where(np.isnan(apart), -1.0, apart)
    first, largest = int(np.flatnonzero(unlike)[0]), int(np.argmax(np.where(unlike, sizes, -2.0)))
    for index in dict.fromkeys((first, largest)):
        size = float(apart[index])
        yield Difference(f"{path}[{index}]", *_both_shown(recorded[index], now[index]), size)


def _numbers(recorded: Any, now: Any, path: str) -> Iterator[Difference]:
    if recorded == now or (recorded != recorded and now != now):
        return
    yield Difference(path, *_both_shown(recorded, now), abs(float(now) - float(recorded)))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)


def _is_time(value: Any) -> bool:
    return is_dataclass(value) and _names(value) == ["sec", "nanosec"]


def _names(message: Any) -> list[str]:
    """Return the names of a message's fields; rosbags adds its type and constants."""
    return [item.name for item in fields(message) if item.init and not item.name.startswith("__")]


def _time_s(value: Any) -> float:
    return float(value.sec + value.nanosec * 1e-9)


def _shown(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{float(value):.9g}"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _both_shown(recorded: Any, now: Any) -> tuple[str, str]:
    """Return two numbers as texts that differ."""
    shown = _shown(recorded), _shown(now)
    return shown if shown[0] != shown[1] else (f"{float(recorded):.17g}", f"{float(now):.17g}")


def bare(path: str) -> str:
    """Return a path without the numbers of its indices."""
    parts = path.split("[")
    return parts[0] + "".join(f"[]{part.partition(']')[2]}" for part in parts[1:])


def table(comparisons: Sequence[TopicComparison]) -> str:
    """Return the comparison for a person: one line a topic, below it where and by how much it differs."""
    wide = max([len(item.topic) for item in comparisons] + [5])
    lines = [f"{'topic':<{wide}} {'recorded':>9} {'now':>9} {'differ':>9}"]
    for item in comparisons:
        differ = "same" if item.same else str(item.differing + item.only_recorded + item.only_now)
        note = f"  ({item.note})" if item.note else ""
        lines.append(f"{item.topic:<{wide}} {item.recorded:>9} {item.now:>9} {differ:>9}{note}")
        lines += [f"    {line}" for line in _details(item)]
    same = sum(item.same for item in comparisons)
    lines.append(f"{len(comparisons)} topics: {same} as recorded, {len(comparisons) - same} differ")
    return "\n".join(lines)


def _details(item: TopicComparison) -> list[str]:
    lines = []
    if item.first is not None:
        first = item.first
        what = f"{first.path} {first.recorded} recorded, {first.now} now".strip()
        unit = f" [{first.unit}]" if first.unit else ""
        lines.append(f"first at {first.time_s:.3f} s: {what}{unit}")
    if item.only_recorded or item.only_now:
        lines.append(f"told only then: {item.only_recorded}, only now: {item.only_now}")
    for found in item.fields[:SHOWN_FIELDS]:
        lines.append(f"{found.path}: by {found.largest:.4g} {found.unit}".rstrip() + f" at {found.time_s:.3f} s")
    if len(item.fields) > SHOWN_FIELDS:
        lines.append(f"and {len(item.fields) - SHOWN_FIELDS} more fields: --json FILE has all")
    return lines
