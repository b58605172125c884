# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Open a recording, ours or anybody's, whole or damaged, without ROS."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lupex_analysis.cdr_columns import value_at
from lupex_analysis.collecting import Collector, Held, Take, Wanted
from lupex_analysis.file_reading import fewer, lost_parts, scanned
from lupex_analysis.lives import in_order, restarts
from lupex_analysis.losses import clock_sentences, disorder_sentences, gap_sentences, order_sentences, restart_sentences
from lupex_analysis.rebuilding import rebuilt_record
from lupex_analysis.runs import by_files, chosen_rows, longest_run
from lupex_analysis.scan import Scan
from lupex_analysis.storage import ReadingError, described, left_out, missing_parts, storage_files
from lupex_analysis.topic_times import TopicTimes
from lupex_recorder.metadata import NAME, BagRecord
from lupex_recorder.recorder import CUSTOM_DATA


@dataclass(frozen=True)
class Span:
    """Part of a recording: seconds after its first message, or since the epoch where they are larger than 1e8."""

    from_s: float | None = None
    until_s: float | None = None

    def bounds_ns(self, first_ns: int) -> tuple[float, float]:
        """Return both ends in time of reception [ns]."""

        def at(time_s: float | None, open_end: float) -> float:
            if time_s is None:
                return open_end
            return time_s * 1e9 if abs(time_s) > _EPOCH_S else first_ns + time_s * 1e9

        return at(self.from_s, -np.inf), at(self.until_s, np.inf)


_EPOCH_S = 1e8
WHOLE = Span()


@dataclass(frozen=True)
class Recording:
    """Messages of the wanted topics, decoded, and what is known of all topics.

    `problems` says what is wrong with the recording, a sentence each. `counts` are of the files, all else of the run
    and the span that were read.
    """

    path: Path
    start_ns: int
    end_ns: int
    counts: Mapping[str, int]
    types: Mapping[str, str]
    messages: Mapping[str, tuple[Any, ...]]
    tables: Mapping[str, Mapping[str, np.ndarray]]
    """Fields of topics that were read by columns."""
    received_ns: Mapping[str, np.ndarray]
    """Of the messages, and of the rows of a table."""
    times: Mapping[str, TopicTimes]
    """Of all topics that hold a message."""
    custom: Mapping[str, str]
    problems: tuple[str, ...]
    rebuilt: BagRecord | None
    """Description of a bag without metadata.yaml, to be written beside it."""
    remarks: tuple[str, ...] = ()
    """What is odd and no loss: topics that were silent while others spoke, stamps of another clock."""

    def has(self, topic: str) -> bool:
        """Tell whether a topic holds a decoded message."""
        return bool(self.messages.get(topic)) or len(self.received_ns.get(topic, ())) > 0

    def columns(self, topic: str, fields: Sequence[str]) -> dict[str, np.ndarray]:
        """Return columns of a topic: `t` (header stamp [s]) and each dotted field, one row a message.

        A topic that is not there gives empty columns; a field that its messages lack gives NaN.
        """
        if topic in self.tables:
            table = self.tables[topic]
            rows = len(self.received_ns[topic])
            missing = np.full(rows, np.nan)
            return {"t": table["t"], **{name: _numbers(table.get(name, missing)) for name in fields}}
        held = self.messages.get(topic, ())
        found: dict[str, np.ndarray] = {"t": np.array([stamp_s(message) for message in held], dtype=float)}
        for name in fields:
            values = [value_at(message, name) for message in held]
            found[name] = np.array([np.nan if value is None else _number(value) for value in values], dtype=float)
        return found

    def texts(self, topic: str, name: str) -> tuple[str, ...]:
        """Return a field of text, one a message."""
        if topic in self.tables:
            return tuple(str(value) for value in self.tables[topic].get(name, ()))
        return tuple(str(value_at(message, name)) for message in self.messages.get(topic, ()))


def _number(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else float(value)


def _numbers(values: np.ndarray) -> np.ndarray:
    return values if values.dtype == float else values.astype(float)


def stamp_s(message: Any) -> float:
    """Return a message's header stamp [s], NaN without a header."""
    header = getattr(message, "header", None)
    return float("nan") if header is None else time_s(header.stamp)


def time_s(time: Any) -> float:
    """Return a builtin_interfaces/Time in seconds."""
    return float(time.sec + time.nanosec * 1e-9)


def read_recording(
    path: Path,
    wanted: Collection[str] | Wanted,
    thin_s: Mapping[str, float] | None = None,
    span: Span = WHOLE,
) -> Recording:
    """Read a bag directory or one of its files, decoding the wanted topics. Raises ReadingError.

    Messages are in the order in which they were received, whatever that of the files. Of a recording that holds several
    runs, of a simulation that was started again, the one with most messages is read. `wanted` that names a type for
    each topic leaves messages of another out, and says so. `thin_s` names topics of which only one message in so many
    seconds of header stamp is decoded; all are counted. Their type must begin with a std_msgs/Header.
    """
    asked = wanted if isinstance(wanted, Wanted) else Wanted(topics=wanted, thin_s=thin_s or {})
    files = storage_files(path)
    collector = Collector(asked)
    scans: dict[Path, Scan] = {}
    unread = _read_files(files, collector, scans)
    if not any(len(held.gathered) for held in collector.topics.values()):
        raise ReadingError(unread[0] if unread else f"{path} holds no message")
    times = {topic: held.gathered.times() for topic, held in collector.topics.items() if len(held.gathered)}
    times = by_files(times, collector.begins)
    first_ns = min(int(held.received_ns.min()) for held in times.values())
    problems = [f"{name} is no listed part of it and is left out" for name in left_out(path, files)]
    problems += [f"{name} is missing, which {NAME} lists" for name in missing_parts(path, files)]
    problems += unread
    for file, scan in scans.items():
        problems += lost_parts(file, scan, first_ns)
    problems += collector.problems
    problems += fewer(sum(len(held.place) for held in times.values()), described(path), scans.values())
    problems += _two_types(collector)
    lying, times = times, in_order(times)
    found = restarts(times)
    bounds = longest_run(times, found)
    problems += restart_sentences(found, first_ns, bounds[0])
    problems += [] if found else disorder_sentences(lying)
    together, some = order_sentences(times, found, first_ns)
    problems += together
    chosen = {topic: chosen_rows(held, bounds[1:], span.bounds_ns(first_ns)) for topic, held in times.items()}
    read = {topic: held.chosen(chosen[topic]) for topic, held in times.items()}
    read = {topic: held for topic, held in read.items() if len(held.received_ns)}
    if not read:
        raise ReadingError(f"{path} holds no message in the time asked for")
    lacks, silent = gap_sentences(read, first_ns)
    problems += lacks
    return _recording(path, collector, chosen, read, scans, problems, [*some, *silent, *clock_sentences(read)])


def _read_files(files: Sequence[Path], collector: Collector, scans: dict[Path, Scan]) -> list[str]:
    """Read files one after the other; return why some of them cannot be read."""
    unread = []
    for file in files:
        scan = scans[file] = Scan()
        begin = collector.file(scan)
        channels: dict[int, Take] = {}
        try:
            for block in scanned(file, scan):
                collector.take(block, channels, begin)
        except ReadingError as error:
            unread.append(str(error))
        for channel in scan.channels.values():
            schema = scan.schemas.get(channel.schema_id)
            collector.announce(scan.topic(channel), schema.name if schema else "")
    return unread


def _two_types(collector: Collector) -> list[str]:
    return [
        f"{topic} is told with {len(held.kinds)} types: {', '.join(held.kinds)}"
        for topic, held in collector.topics.items()
        if len(held.kinds) > 1 and not any(problem.startswith(f"{topic} is of type") for problem in collector.problems)
    ]


def _recording(
    path: Path,
    collector: Collector,
    chosen: Mapping[str, np.ndarray],
    read: Mapping[str, TopicTimes],
    scans: Mapping[Path, Scan],
    problems: list[str],
    remarks: list[str],
) -> Recording:
    messages: dict[str, tuple[Any, ...]] = {}
    tables: dict[str, Mapping[str, np.ndarray]] = {}
    received: dict[str, np.ndarray] = {}
    for topic, held in collector.topics.items():
        table = held.table()
        at, kept = _decoded(held, chosen.get(topic, np.zeros(0, dtype=int)))
        if held.undecoded:
            what = "message" if held.undecoded == 1 else "messages"
            problems.append(f"{held.undecoded} {what} of {topic} cannot be decoded")
        if not len(at):
            continue
        times = held.gathered.times()
        received[topic] = times.received_ns[kept]
        if held.objects:
            messages[topic] = tuple(held.objects[number] for number in at)
        else:
            tables[topic] = {"t": times.stamp_s[kept], **{name: values[at] for name, values in table.items()}}
    custom: dict[str, str] = {}
    for scan in scans.values():
        custom |= scan.metadata.get(CUSTOM_DATA, {})
    rebuilt = rebuilt_record(path, collector, scans, custom, problems)
    return Recording(
        path,
        min(int(held.received_ns[0]) for held in read.values()),
        max(int(held.received_ns[-1]) for held in read.values()),
        {topic: len(held.gathered) for topic, held in sorted(collector.topics.items())},
        {topic: held.decoded_kind or held.kinds[0] for topic, held in collector.topics.items()},
        messages,
        tables,
        received,
        read,
        custom,
        tuple(problems),
        rebuilt,
        tuple(remarks),
    )


def _decoded(held: Held, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (numbers among the decoded messages, numbers among all of the topic) of those chosen, in that order."""
    number_of = np.full(len(held.gathered), -1)
    number_of[held.rows] = np.arange(len(held.rows))
    kept = chosen[number_of[chosen] >= 0]
    return number_of[kept], kept
