# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Skyline elevation of every cell in every direction: computed by sweeps, stored compactly, read through a map."""

import contextlib
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from lupex_models.configuration import ConfigurationError, from_mapping, setting
from lupex_models.far_march import far_relief, far_skyline, lattice_distance_m, with_surroundings
from lupex_models.height_field import HeightField
from lupex_models.site_frame import SiteError
from lupex_models.skyline_lattice import lattice_of
from lupex_models.skyline_relief import sweep_relief
from lupex_models.skyline_sweep import near_skyline

FloatArray = npt.NDArray[np.float64]

UNIT_RAD = math.radians(0.01)
"""One count of a stored horizon map."""

FAR_RANGE_M, FAR_LATTICE_CELLS = 200_000.0, 33

_MAP_FILE = "elevation.npy"
_META_FILE = "horizon.json"
_RENAMES = 10
_METHOD = b"own rays, seam by lattice spacing"
_METHOD_OF_EVERY_CELL = b"own rays for 56 rows, then of every fourth cell"


@dataclass(frozen=True)
class _Meta:
    """Contents of horizon.json."""

    x0_m: float = setting(unit="m")
    y0_m: float = setting(unit="m")
    cell_m: float = setting(unit="m", minimum=1e-3)
    observer_height_m: float = setting(unit="m", minimum=0.0)
    key: str = setting()


@dataclass(frozen=True)
class HorizonMap:
    """Skyline elevation in 0.01 deg counts, int16 (azimuth, ny, nx); azimuth k is k * 2 pi / n clockwise from +y.

    (x0_m, y0_m) is the centre of cell [0, 0]. The counts may be memory-mapped: several processes share one copy.
    """

    counts: npt.NDArray[np.int16]
    x0_m: float
    y0_m: float
    cell_m: float
    observer_height_m: float
    key: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (y) and columns (x)."""
        return self.counts.shape[1], self.counts.shape[2]

    @property
    def azimuth_count(self) -> int:
        """Number of directions."""
        return int(self.counts.shape[0])

    @property
    def x_m(self) -> FloatArray:
        """Centre of each column."""
        return self.x0_m + self.cell_m * np.arange(self.shape[1], dtype=np.float64)

    @property
    def y_m(self) -> FloatArray:
        """Centre of each row."""
        return self.y0_m + self.cell_m * np.arange(self.shape[0], dtype=np.float64)

    def elevation(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, grid_azimuth_rad: npt.ArrayLike) -> FloatArray:
        """Return the skyline's elevation [rad], bilinear in place and linear in azimuth, for broadcastable shapes.

        Points up to one cell outside the outermost centres take the border's value, farther ones nan.
        """
        x, y, azimuth = np.broadcast_arrays(
            np.asarray(x_m, dtype=np.float64),
            np.asarray(y_m, dtype=np.float64),
            np.asarray(grid_azimuth_rad, dtype=np.float64),
        )
        columns = (x.ravel() - self.x0_m) / self.cell_m
        rows = (y.ravel() - self.y0_m) / self.cell_m
        return np.asarray(_interpolate(self.counts, columns, rows, azimuth.ravel()).reshape(x.shape)[()])

    def frame(self, grid_azimuth_rad: float) -> npt.NDArray[np.float32]:
        """Return the skyline's elevation [rad] of every cell (ny, nx) towards one azimuth."""
        low, high, weight = azimuth_layers(self.azimuth_count, grid_azimuth_rad)
        return np.asarray(_mix(self.counts[low], self.counts[high], weight))

    def profile(self, x_m: float, y_m: float) -> FloatArray:
        """Return the skyline's elevation [rad] around one point, one value a stored azimuth."""
        return self.elevation(x_m, y_m, np.arange(self.azimuth_count) * (2.0 * np.pi / self.azimuth_count))

    def save(self, directory: Path) -> None:
        """Write elevation.npy and horizon.json as one directory that appears, or takes an older one's place, whole.

        Both are written beside it and renamed, so that no other process ever reads half a map. A process that has an
        older map open keeps it. Where another process was quicker with the same key its map stays.
        """
        directory.parent.mkdir(parents=True, exist_ok=True)
        meta: dict[str, Any] = {
            "x0_m": self.x0_m,
            "y0_m": self.y0_m,
            "cell_m": self.cell_m,
            "observer_height_m": self.observer_height_m,
            "key": self.key,
        }
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as beside:
            made = Path(beside, "new")
            made.mkdir()
            np.save(made / _MAP_FILE, self.counts)
            (made / _META_FILE).write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")
            for attempt in range(_RENAMES):
                try:
                    made.rename(directory)
                    return
                except OSError:
                    # Another map stands there, or a file, or something that cannot be replaced at all.
                    if self._is_at(directory):
                        return
                    if attempt == _RENAMES - 1 or directory.is_file():
                        raise
                with contextlib.suppress(FileNotFoundError):
                    directory.rename(Path(beside, f"old-{attempt}"))

    def _is_at(self, directory: Path) -> bool:
        try:
            return self.key != "" and HorizonMap.open(directory).key == self.key
        except SiteError:
            return False

    @classmethod
    def open(cls, directory: Path) -> "HorizonMap":
        """Open a saved map without reading it into memory. Raises SiteError when it is absent or damaged."""
        try:
            text = (directory / _META_FILE).read_text(encoding="utf-8")
            meta = from_mapping(_Meta, json.loads(text), str(directory / _META_FILE))
            counts = np.load(directory / _MAP_FILE, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, ConfigurationError) as error:
            raise SiteError(f"{directory}: holds no readable horizon map ({' '.join(str(error).split())})") from error
        if counts.ndim != 3 or counts.dtype != np.int16 or min(counts.shape) < 1:
            raise SiteError(f"{directory / _MAP_FILE}: must be int16 (azimuth, row, column), is {counts.dtype}")
        return cls(counts, meta.x0_m, meta.y0_m, meta.cell_m, meta.observer_height_m, meta.key)


def azimuth_layers(azimuth_count: int, grid_azimuth_rad: float) -> tuple[int, int, float]:
    """Return the two stored directions around an azimuth and the weight of the second."""
    position = (grid_azimuth_rad % (2.0 * math.pi)) / (2.0 * math.pi) * azimuth_count
    low = int(position)
    return low % azimuth_count, (low + 1) % azimuth_count, position - low


def compute_horizon(
    near: HeightField,
    far: Sequence[HeightField],
    azimuths: int,
    observer_height_m: float,
    progress: Callable[[float], None] | None = None,
    *,
    observer_cell_m: float | None = None,
    far_range_m: float = FAR_RANGE_M,
    far_lattice_cells: int = FAR_LATTICE_CELLS,
) -> HorizonMap:
    """Compute the skyline seen from points of the near field, over the near field and nested far fields (finest first).

    azimuths is the number of directions. Observers stand observer_height_m above every n-th cell of the near field, n
    being observer_cell_m in whole cells (default: every cell). Within the near field, and a seam of the far ones around
    it, each cell looks along its own ray, past blocks of terrain that stand below the skyline found so far. Where every
    cell of a large field observes, only every fourth in a row and column looks beyond the nearest rows, and those
    between take the skyline from the four around them. Beyond the near field the far fields are marched from a lattice
    of far_lattice_cells squared observers out to far_range_m; from either lattice skylines are carried to each cell to
    first order in its height. All distances pay the curvature drop d^2 / 2R. Where two products do not meet at the
    near field's border, put height_field.middle_field between them. progress is called with the fraction done. Raises
    SiteError when a near height is unknown: an unknown skyline is no low skyline.
    """
    if not np.all(np.isfinite(near.heights_m)):
        raise SiteError("the near field has unknown heights: fill or crop them before computing its horizon")
    if azimuths < 1 or not observer_height_m >= 0.0:
        raise ValueError(
            f"azimuths must be positive and observer_height_m not negative: {azimuths}, {observer_height_m}"
        )
    stride = _stride(near, observer_cell_m)
    ny, nx = near.shape
    rows, columns = np.arange(stride // 2, ny, stride), np.arange(stride // 2, nx, stride)
    counts = np.empty((azimuths, rows.size, columns.size), dtype=np.int16)
    seam_m = lattice_distance_m(near, far_lattice_cells)
    margin = math.ceil(seam_m / near.cell_m) + 1 if far else 0
    datum = float(near.heights_m.mean())
    surroundings = with_surroundings(near, far, margin)
    surroundings -= np.float32(datum)
    relief = sweep_relief(surroundings, int(rows[0]) + margin, int(columns[0]) + margin, stride)
    lattice = lattice_of(surroundings, rows + margin, columns + margin) if stride == 1 else None
    del surroundings
    distant = far_relief(near, far)
    x = np.linspace(near.x_m[columns[0]], near.x_m[columns[-1]], far_lattice_cells)
    y = np.linspace(near.y_m[rows[0]], near.y_m[rows[-1]], far_lattice_cells)
    ground = near.height(x[None, :], y[:, None])

    def look(k: int) -> None:
        azimuth = k * (2.0 * math.pi / azimuths)
        slopes, inverses = far_skyline(distant, azimuth, x, y, ground, observer_height_m, seam_m, far_range_m)
        slopes -= np.float32(datum) * inverses
        near_skyline(relief, lattice, near.cell_m, azimuth, observer_height_m, slopes, inverses, UNIT_RAD, counts[k])

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        for done, _ in enumerate(threads.map(look, range(azimuths)), start=1):
            if progress is not None:
                progress(done / azimuths)
    # As a map that is opened: kernels are compiled once for both.
    counts.flags.writeable = False
    return HorizonMap(
        counts,
        near.x0_m + columns[0] * near.cell_m,
        near.y0_m + rows[0] * near.cell_m,
        stride * near.cell_m,
        observer_height_m,
        horizon_key(near, far, azimuths, observer_height_m, stride * near.cell_m, far_range_m, far_lattice_cells),
    )


def stored_horizon(
    store: Path,
    near: HeightField,
    far: Sequence[HeightField],
    azimuths: int,
    observer_height_m: float,
    progress: Callable[[float], None] | None = None,
    *,
    observer_cell_m: float | None = None,
    far_range_m: float = FAR_RANGE_M,
    far_lattice_cells: int = FAR_LATTICE_CELLS,
) -> HorizonMap:
    """Open the map of this content from a store shared by processes, computing it first where it is not there.

    The map is memory-mapped; its directory is named by horizon_key, so a changed input never finds an old map. A
    damaged entry is made anew. Arguments and errors are compute_horizon's.
    """
    stride = _stride(near, observer_cell_m)
    key = horizon_key(near, far, azimuths, observer_height_m, stride * near.cell_m, far_range_m, far_lattice_cells)
    directory = store / f"horizon-{key}"
    try:
        found = HorizonMap.open(directory)
        if found.key == key:
            return found
    except SiteError:
        pass
    compute_horizon(
        near,
        far,
        azimuths,
        observer_height_m,
        progress,
        observer_cell_m=observer_cell_m,
        far_range_m=far_range_m,
        far_lattice_cells=far_lattice_cells,
    ).save(directory)
    return HorizonMap.open(directory)


def _stride(near: HeightField, observer_cell_m: float | None) -> int:
    return max(1, round((observer_cell_m or near.cell_m) / near.cell_m))


def horizon_key(
    near: HeightField,
    far: Sequence[HeightField],
    azimuths: int,
    observer_height_m: float,
    observer_cell_m: float,
    far_range_m: float,
    far_lattice_cells: int,
) -> str:
    """Return a name for a horizon map made of everything that decides its content."""
    digest = hashlib.sha256(_METHOD_OF_EVERY_CELL if observer_cell_m == near.cell_m else _METHOD)
    for field in (near, *far):
        digest.update(repr((field.shape, field.x0_m, field.y0_m, field.cell_m)).encode())
        digest.update(field.heights_m.data)
    digest.update(repr((azimuths, observer_height_m, observer_cell_m, far_range_m, far_lattice_cells)).encode())
    return digest.hexdigest()[:16]


@njit(cache=True)
def _interpolate(
    counts: npt.NDArray[np.int16], columns: FloatArray, rows: FloatArray, azimuths_rad: FloatArray
) -> FloatArray:
    n, ny, nx = counts.shape
    out = np.empty(columns.size)
    for k in range(columns.size):
        column, row, azimuth = columns[k], rows[k], azimuths_rad[k]
        inside = -1.0 <= column <= nx and -1.0 <= row <= ny and math.isfinite(azimuth)
        if not inside:
            out[k] = math.nan
            continue
        column = min(max(column, 0.0), nx - 1.0)
        row = min(max(row, 0.0), ny - 1.0)
        j, i = int(column), int(row)
        j1, i1 = min(j + 1, nx - 1), min(i + 1, ny - 1)
        fx, fy = column - j, row - i
        position = azimuth / (2.0 * math.pi) * n
        low = math.floor(position)
        weight = position - low
        total = 0.0
        for step in range(2):
            layer = int(low + step) % n
            a = counts[layer, i, j] * (1.0 - fx) + counts[layer, i, j1] * fx
            b = counts[layer, i1, j] * (1.0 - fx) + counts[layer, i1, j1] * fx
            total += (a * (1.0 - fy) + b * fy) * (weight if step == 1 else 1.0 - weight)
        out[k] = total * UNIT_RAD
    return out


@njit(cache=True)
def _mix(low: npt.NDArray[np.int16], high: npt.NDArray[np.int16], weight: float) -> npt.NDArray[np.float32]:
    ny, nx = low.shape
    out = np.empty((ny, nx), dtype=np.float32)
    for i in range(ny):
        for j in range(nx):
            out[i, j] = (low[i, j] * (1.0 - weight) + high[i, j] * weight) * UNIT_RAD
    return out
