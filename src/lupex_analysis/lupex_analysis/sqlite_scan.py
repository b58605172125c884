# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Read an sqlite3 file of rosbag2 row by row, as far as it goes; what a killed recorder left in its log is read too."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mcap.records import Channel, Schema

from lupex_analysis.definitions import known_text
from lupex_analysis.scan import BLOCK, Block, Loss, NotARecordingError, Scan

_LOG = "-wal"


def scan_sqlite(path: Path, scan: Scan, log: Path | None = None) -> Iterator[Block]:
    """Yield the messages by their time; `scan` fills before the first. `log` is the file's write-ahead log.

    Raises NotARecordingError, OSError.
    """
    with _opened(path, log) as base:
        try:
            _describe(base, scan)
        except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
            raise NotARecordingError(f"is no recording of rosbag2: {error}") from error
        last = 0
        block: Block = []
        # by its own number, each row is found however many before it are damaged; there is no other order to trust
        query = "select topic_id, timestamp, data, id from messages where id > ? order by id"
        while True:
            try:
                for topic, time_ns, data, number in base.execute(query, (last,)):
                    if number <= last:
                        # a broken tree leads back into itself
                        raise ValueError("its rows are out of order")
                    last = number
                    if len(block) >= BLOCK:
                        yield block
                        block = []
                    if isinstance(data, bytes) and isinstance(time_ns, int) and isinstance(topic, int):
                        block.append((topic, time_ns, time_ns, data))
                    else:
                        scan.losses.append(Loss(None, f"row {number} holds no message"))
                yield block
                return
            except (sqlite3.Error, OverflowError, ValueError) as error:
                after = _row_after(base, last)
                scan.losses.append(Loss(None, f"after row {last}: {error}"))
                if after is None:
                    yield block
                    return
                last = after - 1


def _row_after(base: sqlite3.Connection, last: int) -> int | None:
    """Return a row that can be read behind a damaged place: by steps that double, for the tree is not to be walked."""
    step = 1
    query = "select id, data from messages where id > ? order by id limit 1"
    while step < 1 << 40:
        try:
            row = base.execute(query, (last + step,)).fetchone()
        except (sqlite3.Error, OverflowError, ValueError):
            step *= 2
            continue
        return int(row[0]) if row is not None and row[0] > last else None
    return None


@contextmanager
def _opened(path: Path, log: Path | None) -> Iterator[sqlite3.Connection]:
    """Open a base without touching it; a copy where its log has to be worked in."""
    log = log or path.with_name(path.name + _LOG)
    with tempfile.TemporaryDirectory(prefix="lupex_") as directory:
        if log.is_file() and log.stat().st_size:
            copy = Path(directory) / path.name
            shutil.copyfile(path, copy)
            shutil.copyfile(log, copy.with_name(copy.name + _LOG))
            address = copy.as_uri()
        else:
            address = f"{path.resolve().as_uri()}?immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as base:
            base.text_factory = lambda raw: raw.decode("utf-8", "replace")
            yield base


def _columns(base: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in base.execute(f"pragma table_info({table})")]


def _describe(base: sqlite3.Connection, scan: Scan) -> None:
    """Take topics and their definitions; raises sqlite3.Error, ValueError."""
    held = _columns(base, "topics")
    if not held or not _columns(base, "messages"):
        raise ValueError("it has no tables of topics and messages")
    definitions = {}
    if _columns(base, "message_definitions"):
        rows = base.execute("select topic_type, encoding, encoded_message_definition from message_definitions")
        definitions = {str(kind): (str(encoding), str(text)) for kind, encoding, text in rows}
    names = ("id", "name", "type", "serialization_format", "offered_qos_profiles", "type_description_hash")
    query = "select " + ", ".join(name if name in held else "''" for name in names) + " from topics"
    for number, name, kind, encoding, qos, told_hash in base.execute(query):
        kind = str(kind)
        form, text = definitions.get(kind, ("", ""))
        if not text:
            form, text = "ros2msg", known_text(kind)
        number = int(number)
        scan.schemas[number] = Schema(id=number, name=kind, encoding=form, data=text.encode())
        about = {"offered_qos_profiles": str(qos or ""), "topic_type_hash": str(told_hash or "")}
        scan.channels[number] = Channel(
            id=number, topic=str(name), message_encoding=str(encoding or "cdr"), metadata=about, schema_id=number
        )
