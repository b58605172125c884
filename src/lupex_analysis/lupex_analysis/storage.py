# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Which files are a recording: a directory of rosbag2's, or one file of one; compressed or not."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
import zstandard

from lupex_recorder.metadata import NAME

MCAP, SQLITE, ROS1 = ".mcap", ".db3", ".bag"
_SUFFIXES = (MCAP, SQLITE, ROS1)
"""Of kinds that lie in one directory, the first is read."""
_PACKED = ".zstd"
_PART = re.compile(r"_\d+$")
"""What rosbag2 puts behind a recording's name for each of its files."""


class ReadingError(RuntimeError):
    """Say in one sentence why a path cannot be read as a recording."""


def storage_files(path: Path) -> list[Path]:
    """Return the files of a recording, all of one kind; raises ReadingError.

    Those of a directory that metadata.yaml lists; without it all, where they are parts of one recording.
    """
    if not path.exists():
        raise ReadingError(f"{path} does not exist: name a bag directory, or an .mcap, .db3 or .bag file")
    if path.is_file():
        if kind_of(path) is None:
            raise ReadingError(f"{path} is not a recording: name a bag directory, or an .mcap, .db3 or .bag file")
        return [path]
    try:
        present = sorted(file for file in path.iterdir() if file.is_file() and kind_of(file) is not None)
    except OSError as error:
        raise ReadingError(f"{path} cannot be read: {error.strerror}") from error
    if not present:
        raise ReadingError(f"{path} holds no recording: it has no .mcap, .db3 or .bag file")
    listed = _listed(path, present)
    return listed or _parts(path, present)


def left_out(path: Path, files: list[Path]) -> list[str]:
    """Return the names of recorded files beside those that are read: metadata.yaml does not list them."""
    if not path.is_dir():
        return []
    read = {file.name.removesuffix(_PACKED) for file in files}
    beside = (file for file in sorted(path.iterdir()) if file.is_file() and kind_of(file) is not None)
    return [file.name for file in beside if file.name.removesuffix(_PACKED) not in read]


def missing_parts(path: Path, files: list[Path]) -> list[str]:
    """Return the names of files that metadata.yaml lists and that are not there."""
    read = {file.name.removesuffix(_PACKED) for file in files}
    return [name for name in _names(path) if name.removesuffix(_PACKED) not in read] if path.is_dir() else []


def described(path: Path) -> int | None:
    """Return how many messages metadata.yaml tells of, None without one that can be read."""
    count = _information(path).get("message_count") if path.is_dir() else None
    return count if isinstance(count, int) else None


@contextmanager
def plain(file: Path) -> Iterator[tuple[Path, str]]:
    """Give a file as it was before it was compressed as a whole, for as long as it is read, and what is wrong with it.

    Raises OSError, and ReadingError where nothing of it can be unpacked.
    """
    if file.suffix != _PACKED:
        yield file, ""
        return
    with tempfile.NamedTemporaryFile(prefix="lupex_", suffix=file.stem) as unpacked:
        problem = ""
        with file.open("rb") as packed:
            try:
                _, written = zstandard.ZstdDecompressor().copy_stream(packed, unpacked)
            except zstandard.ZstdError as error:
                written, problem = unpacked.tell(), str(error)
        if written == 0:
            raise ReadingError(f"{file} cannot be unpacked: {problem or 'it is empty'}")
        unpacked.flush()
        yield Path(unpacked.name), problem and f"it can be unpacked for {written / 1e6:.3f} MB only: {problem}"


def kind_of(file: Path) -> str | None:
    """Return .mcap, .db3 or .bag, compressed or not; None for a file that is none of them."""
    name = file.name.removesuffix(_PACKED)
    return next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), None)


def _information(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load((path / NAME).read_text(encoding="utf-8"))["rosbag2_bagfile_information"]
    except (OSError, yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _names(path: Path) -> list[str]:
    try:
        return [Path(name).name for name in _information(path)["relative_file_paths"]]
    except (KeyError, TypeError):
        return []


def _listed(path: Path, present: list[Path]) -> list[Path]:
    """Return the present files that metadata.yaml lists, by its order; a part may have been compressed since."""
    names = _names(path)
    by_name = {file.name: file for file in reversed(present)}
    by_name |= {
        file.name.removesuffix(_PACKED): file for file in present if file.name.removesuffix(_PACKED) not in by_name
    }
    return [by_name[name] for name in names if name in by_name]


def _parts(path: Path, present: list[Path]) -> list[Path]:
    """Return files that are all of one recording; of a part and its compressed form one. Raises ReadingError."""
    kinds = {kind_of(file) for file in present}
    kind = next(kind for kind in _SUFFIXES if kind in kinds)
    found: dict[str, Path] = {}
    for file in present:
        if kind_of(file) == kind:
            found.setdefault(file.name.removesuffix(_PACKED), file)
    recordings = {_PART.sub("", name.removesuffix(kind)) for name in found}
    if len(recordings) > 1:
        names = " and ".join(file.name for file in list(found.values())[:3])
        raise ReadingError(f"{path} holds more than one recording ({names}) and no {NAME}: name one of the files")
    return list(found.values())
