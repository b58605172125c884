# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Heights on a regular grid of the map frame."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SPLINE_MARGIN_CELLS = 8


@dataclass(frozen=True)
class HeightField:
    """Heights (ny, nx) in float32 metres; row 0 has the smallest y and (x0_m, y0_m) is the centre of cell [0, 0].

    Between cell centres the surface is bilinear, outside the outermost centres it is not known (nan).
    Raises ValueError when the array is not two-dimensional, smaller than 2 x 2, or the cell is not positive.
    """

    heights_m: npt.NDArray[np.float32]
    x0_m: float
    y0_m: float
    cell_m: float

    def __post_init__(self) -> None:
        heights = np.ascontiguousarray(self.heights_m, dtype=np.float32)
        if heights.ndim != 2 or min(heights.shape) < 2:
            raise ValueError(f"a height field needs at least 2 x 2 cells, got shape {heights.shape}")
        if not (math.isfinite(self.cell_m) and self.cell_m > 0.0):
            raise ValueError(f"cell_m must be positive and finite, got {self.cell_m}")
        object.__setattr__(self, "heights_m", heights)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (y) and columns (x)."""
        return self.heights_m.shape[0], self.heights_m.shape[1]

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """Outermost cell centres: x_min, y_min, x_max, y_max."""
        ny, nx = self.shape
        return self.x0_m, self.y0_m, self.x0_m + (nx - 1) * self.cell_m, self.y0_m + (ny - 1) * self.cell_m

    @property
    def x_m(self) -> FloatArray:
        """Centre of each column."""
        return self.x0_m + self.cell_m * np.arange(self.shape[1], dtype=np.float64)

    @property
    def y_m(self) -> FloatArray:
        """Centre of each row."""
        return self.y0_m + self.cell_m * np.arange(self.shape[0], dtype=np.float64)

    def _on_grid(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> tuple[FloatArray, FloatArray, tuple[int, ...]]:
        x, y = np.broadcast_arrays(np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64))
        ny, nx = self.shape
        columns = _snapped((x.ravel() - self.x0_m) / self.cell_m, nx - 1)
        rows = _snapped((y.ravel() - self.y0_m) / self.cell_m, ny - 1)
        return columns, rows, x.shape

    def height(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> FloatArray:
        """Return the bilinear height for any broadcastable shapes; nan outside the field."""
        columns, rows, shape = self._on_grid(x_m, y_m)
        return np.asarray(_bilinear_many(self.heights_m, columns, rows).reshape(shape)[()])

    def gradient(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return (dz/dx, dz/dy) over one cell centred on the point (one-sided at the border); nan outside the field."""
        columns, rows, shape = self._on_grid(x_m, y_m)
        slopes = _gradient_many(self.heights_m, columns, rows) / self.cell_m
        return np.asarray(slopes[0].reshape(shape)[()]), np.asarray(slopes[1].reshape(shape)[()])

    def normal(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> FloatArray:
        """Return the upward unit normal (..., 3); nan outside the field."""
        dz_dx, dz_dy = self.gradient(x_m, y_m)
        scale = 1.0 / np.sqrt(1.0 + dz_dx**2 + dz_dy**2)
        return np.stack([-dz_dx * scale, -dz_dy * scale, scale], axis=-1)

    def index(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> tuple[IntArray, IntArray]:
        """Return (row, column) of the nearest cell centre; not clipped, so ask contains() first."""
        columns, rows, shape = self._on_grid(x_m, y_m)
        return (
            np.asarray(np.floor(rows + 0.5).astype(np.int64).reshape(shape)[()]),
            np.asarray(np.floor(columns + 0.5).astype(np.int64).reshape(shape)[()]),
        )

    def contains(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell whether points lie between the outermost cell centres, where the height is defined."""
        columns, rows, shape = self._on_grid(x_m, y_m)
        ny, nx = self.shape
        inside = (columns >= 0.0) & (rows >= 0.0) & (columns <= nx - 1) & (rows <= ny - 1)
        return np.asarray(inside.reshape(shape)[()])


def _snapped(indices: FloatArray, last: int) -> FloatArray:
    # A border point computed as x0 + n * cell must not fall off the field by its last bit.
    tolerance = 1e-6
    indices = np.where(np.abs(indices) < tolerance, 0.0, indices)
    return np.where(np.abs(indices - last) < tolerance, float(last), indices)


def refine(field: HeightField, cell_m: float, x0_m: float, y0_m: float, nx: int, ny: int) -> HeightField:
    """Resample a window of a field on another grid by a cubic spline.

    Raises ValueError when the window leaves the field or has unknown heights: cubic extrapolation is no terrain.
    """
    # Costs a third of a second to import, and only makers of worlds refine: the nodes need not pay it.
    from scipy.interpolate import RectBivariateSpline

    x = x0_m + cell_m * np.arange(nx)
    y = y0_m + cell_m * np.arange(ny)
    if not bool(np.all(field.contains(x[[0, -1]], y[[0, -1]]))):
        raise ValueError(f"the window x {x[0]}..{x[-1]}, y {y[0]}..{y[-1]} m leaves the field {field.bounds_m}")
    rows, columns = field.index(x[[0, -1]], y[[0, -1]])
    low_row, low_column = max(0, int(rows[0]) - _SPLINE_MARGIN_CELLS), max(0, int(columns[0]) - _SPLINE_MARGIN_CELLS)
    crop = field.heights_m[
        low_row : int(rows[1]) + 1 + _SPLINE_MARGIN_CELLS, low_column : int(columns[1]) + 1 + _SPLINE_MARGIN_CELLS
    ].astype(np.float64)
    if not np.all(np.isfinite(crop)):
        raise ValueError("the field has unknown heights in the window to be refined")
    order_y, order_x = min(3, crop.shape[0] - 1), min(3, crop.shape[1] - 1)
    spline = RectBivariateSpline(
        field.y_m[low_row : low_row + crop.shape[0]],
        field.x_m[low_column : low_column + crop.shape[1]],
        crop,
        kx=order_y,
        ky=order_x,
    )
    return HeightField(spline(y, x).astype(np.float32), x0_m, y0_m, cell_m)


def middle_field(near: HeightField, far: HeightField, cell_m: float, reach_m: float, blend_m: float) -> HeightField:
    """Return a field between a fine near field and coarse far relief, reaching reach_m beyond the near one's border.

    It is the far relief by cubic interpolation, lifted outside the near field by the difference found at the nearest
    point of its border, which fades as a Gaussian of width blend_m. Without it the step between two products stands at
    the border as a cliff that no eye would see, and raises skylines. Raises ValueError where far does not reach.
    """
    x_min, y_min, x_max, y_max = near.bounds_m
    nx = int((x_max - x_min + 2.0 * reach_m) / cell_m) + 1
    ny = int((y_max - y_min + 2.0 * reach_m) / cell_m) + 1
    middle = refine(far, cell_m, x_min - reach_m, y_min - reach_m, nx, ny)
    x, y = np.meshgrid(middle.x_m, middle.y_m)
    border_x, border_y = np.clip(x, x_min, x_max), np.clip(y, y_min, y_max)
    fade = np.exp(-(((x - border_x) ** 2 + (y - border_y) ** 2) / blend_m**2))
    lift = near.height(border_x, border_y) - middle.height(border_x, border_y)
    return HeightField((middle.heights_m + fade * lift).astype(np.float32), middle.x0_m, middle.y0_m, cell_m)


@njit(cache=True)
def bilinear(heights: npt.NDArray[np.float32], column: float, row: float) -> float:
    """Return the bilinear height at fractional indices; nan outside."""
    ny, nx = heights.shape
    if not (column >= 0.0 and row >= 0.0 and column <= nx - 1 and row <= ny - 1):
        return math.nan
    j = min(int(column), nx - 2)
    i = min(int(row), ny - 2)
    fx = column - j
    fy = row - i
    low = heights[i, j] * (1.0 - fx) + heights[i, j + 1] * fx
    high = heights[i + 1, j] * (1.0 - fx) + heights[i + 1, j + 1] * fx
    return float(low * (1.0 - fy) + high * fy)


@njit(cache=True)
def _bilinear_many(heights: npt.NDArray[np.float32], columns: FloatArray, rows: FloatArray) -> FloatArray:
    out = np.empty(columns.size)
    for k in range(columns.size):
        out[k] = bilinear(heights, columns[k], rows[k])
    return out


@njit(cache=True)
def _gradient_many(heights: npt.NDArray[np.float32], columns: FloatArray, rows: FloatArray) -> FloatArray:
    ny, nx = heights.shape
    out = np.empty((2, columns.size))
    for k in range(columns.size):
        column, row = columns[k], rows[k]
        if not (column >= 0.0 and row >= 0.0 and column <= nx - 1 and row <= ny - 1):
            out[:, k] = math.nan
            continue
        low, high = max(column - 0.5, 0.0), min(column + 0.5, nx - 1.0)
        out[0, k] = (bilinear(heights, high, row) - bilinear(heights, low, row)) / (high - low)
        low, high = max(row - 0.5, 0.0), min(row + 0.5, ny - 1.0)
        out[1, k] = (bilinear(heights, column, high) - bilinear(heights, column, low)) / (high - low)
    return out
