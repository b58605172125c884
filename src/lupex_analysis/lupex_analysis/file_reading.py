# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The messages of one file of a recording in its own order, whatever kind of file it is."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import zstandard

from lupex_analysis.mcap_scan import scan_mcap
from lupex_analysis.ros1_scan import scan_ros1
from lupex_analysis.scan import Block, Loss, NotARecordingError, Scan, Scanned
from lupex_analysis.sqlite_scan import scan_sqlite
from lupex_analysis.storage import ROS1, SQLITE, ReadingError, kind_of, plain
from lupex_recorder.metadata import NAME

_ZSTD = b"\x28\xb5\x2f\xfd"
"""What a message begins with that was compressed on its own; CDR begins with 0."""
_LARGEST_MESSAGE = 1 << 30
_LATEST_NS = 1 << 62
"""In the year 2116."""
_MOST_TOLD = 5
"""Damaged parts of a file that are told one by one."""
_FORMS = {SQLITE: scan_sqlite, ROS1: scan_ros1}


def scanned(file: Path, scan: Scan) -> Iterator[Block]:
    """Yield the messages of a file in its order, as CDR, in blocks; `scan` fills meanwhile. Raises ReadingError."""
    form = _FORMS.get(kind_of(file) or "", scan_mcap)
    unpack = zstandard.ZstdDecompressor()
    broken = timeless = 0
    try:
        with plain(file) as (uncompressed, problem):
            for block in form(uncompressed, scan):
                kept = [message for message in block if 0 <= message[1] < _LATEST_NS]
                timeless += len(block) - len(kept)
                if any(message[3][:4] == _ZSTD for message in kept):
                    scan.packed = True
                    count = len(kept)
                    kept = list(_unpacked(kept, unpack))
                    broken += count - len(kept)
                yield kept
    except NotARecordingError as error:
        raise ReadingError(f"{file} {error}") from error
    except OSError as error:
        raise ReadingError(f"{file} cannot be read: {error.strerror}") from error
    if timeless:
        scan.losses.append(Loss(None, f"{timeless} messages bear a time of reception that is none"))
    if broken:
        scan.losses.append(Loss(None, f"{broken} compressed messages cannot be unpacked"))
    if problem:
        scan.losses.append(Loss(None, problem))


def _unpacked(block: Block, unpack: zstandard.ZstdDecompressor) -> Iterator[Scanned]:
    for message in block:
        if message[3][:4] != _ZSTD:
            yield message
            continue
        with contextlib.suppress(zstandard.ZstdError, MemoryError):
            yield (*message[:3], unpack.decompress(message[3], max_output_size=_LARGEST_MESSAGE))


def lost_parts(file: Path, scan: Scan, first_ns: int) -> list[str]:
    """Say what is wrong with a file that was scanned, a sentence each; times are counted from `first_ns`."""
    told = [f"{file.name} is read as far as it goes: {loss.sentence(first_ns)}" for loss in scan.losses[:_MOST_TOLD]]
    more = len(scan.losses) - len(told)
    if more > 0:
        told.append(f"{file.name} has lost {more} more parts like these")
    return told


def fewer(held: int, described: int | None, scans: Iterable[Scan]) -> list[str]:
    """Tell that there are fewer messages than metadata.yaml or the files themselves tell of."""
    if described is not None and held < described:
        return [f"it holds {held} of {described} messages that {NAME} tells of"]
    told = [scan.told_count for scan in scans]
    stated = sum(count for count in told if count is not None)
    if None not in told and held < stated:
        return [f"it holds {held} of {stated} messages that its own summary tells of"]
    return []
