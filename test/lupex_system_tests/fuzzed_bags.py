# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings with bits turned, parts cut off, taken out, doubled or put elsewhere, and files of random structure."""

import itertools
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import zstandard
from mcap.writer import CompressionType

from lupex_analysis.raw_reading import open_raw
from lupex_analysis.storage import ReadingError
from lupex_system_tests.odd_bags import STORE, drawn, mcap_bag, messages_of, ros1_bag, sqlite_bag, stamp

METADATA = b"""rosbag2_bagfile_information:
  version: 5
  storage_identifier: mcap
  message_count: 50
  relative_file_paths:
  - r.mcap
"""


def seeds(directory: Path) -> list[tuple[str, bytes]]:
    """Return (name, content) of whole files of every form."""
    few = messages_of(24)
    files = [
        mcap_bag(directory / "a" / "r.mcap", few, chunk_size=900),
        mcap_bag(directory / "b" / "r.mcap", few, chunk_size=4000, compression=CompressionType.ZSTD),
        mcap_bag(directory / "c" / "r.mcap", few, use_chunking=False),
        mcap_bag(directory / "d" / "r.mcap", few, compression=CompressionType.LZ4),
        sqlite_bag(directory / "e" / "r.db3", few),
        ros1_bag(directory / "f" / "r.bag", few),
    ]
    found = [(file.name, file.read_bytes()) for file in files]
    return [*found, ("r.mcap.zstd", zstandard.compress(found[0][1])), ("metadata.yaml", METADATA)]


def changed(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a file with one to four faults."""
    for _ in range(rng.integers(1, 5)):
        if not data:
            return data
        begin, end = sorted(int(k) for k in rng.integers(0, len(data) + 1, 2))
        end = min(end, begin + int(rng.integers(1, 400)))
        kind = rng.integers(8)
        if kind == 0:
            data = data[:begin]
        elif kind == 1:
            data = data[begin:]
        elif kind == 2:
            data = data[:begin] + data[end:]
        elif kind == 3:
            data = data[:end] + data[begin:]
        elif kind == 4:
            data = data[:begin] + rng.bytes(end - begin) + data[end:]
        elif kind == 5:
            data = data[:begin] + bytes([int(rng.integers(256))]) * (end - begin) + data[end:]
        else:
            turned = bytearray(data)
            for at in rng.integers(0, len(data), int(rng.integers(1, 9))):
                turned[at] ^= 1 << int(rng.integers(8))
            data = bytes(turned)
    return data


def inputs(directory: Path, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield files (name, content) without end, always the same of a seed."""
    rng = np.random.default_rng(seed)
    whole = seeds(directory)
    for number in itertools.count():
        name, data = whole[number % len(whole)]
        yield name, changed(data, rng) if rng.random() < 0.95 else rng.bytes(int(rng.integers(0, 3000)))


def tracebacks(directory: Path, count: int, seed: int, read) -> list[str]:
    """Read so many files with `read(path)` and raw; return what was raised beside a ReadingError."""
    bag = directory / "bag"
    bag.mkdir()
    whole = dict(seeds(directory / "whole"))
    found = []
    for number, (name, data) in enumerate(itertools.islice(inputs(directory / "seeds", seed), count)):
        for file in bag.iterdir():
            file.unlink()
        (bag / name).write_bytes(data)
        if name == "metadata.yaml":
            (bag / "r.mcap").write_bytes(whole["r.mcap"])
        for action in (read, _raw):
            try:
                action(bag)
            except ReadingError as error:
                if "\n" in str(error):
                    found.append(f"input {number}, {name}: {error}")
            except Exception:
                found.append(f"input {number}, {name}:\n{traceback.format_exc(limit=-4)}")
    return found


def odd_values(path: Path, kinds: Sequence[str], seed: int) -> Path:
    """Write a bag of a few topics whose fields are random bits: numbers that are none, huge, or all the same."""
    rng = np.random.default_rng(seed)
    words = ("map", "odom", "base_link", "", "Häuschen")

    def message(kind):
        return drawn(kind, rng, lambda r: words[r.integers(len(words))], lambda r: int(r.integers(0, 4)))

    messages = []
    for kind in rng.choice(kinds, min(4, len(kinds)), replace=False):
        topic = rng.choice(["/odometry/global", "/cmd_vel", f"/{kind.split('/')[-1]}", f"/{kind.split('/')[-1]}/truth"])
        count, still = int(rng.choice([1, 2, 3, 12, 60, 200])), rng.random() < 0.5
        held = message(kind)
        for k in range(count):
            held = held if still else message(kind)
            if hasattr(held, "header") and rng.random() < 0.8:
                held.header.stamp = stamp(1000.0 + 0.1 * k)
            at_s = 1000.0 + 0.1 * k * (rng.random() < 0.95)
            messages.append((str(topic), str(kind), at_s, bytes(STORE.serialize_cdr(held, kind))))
    return mcap_bag(path, messages)


def _raw(bag: Path) -> None:
    recording = open_raw(bag)
    for _ in recording.messages(set(recording.topics)):
        pass
