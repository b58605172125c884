# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Height map, textures and surrounding mesh of the terrain as the files that Gazebo reads."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lupex_models.height_field import HeightField
from lupex_worlds.gazebo_files.terrain_settings import AS_CONFIGURED, FEWEST_CELLS, TerrainSettings
from lupex_worlds.ground import Ground, ground_heights

FloatArray = npt.NDArray[np.float64]

MOST = 65535
"""Of a pixel: Gazebo maps the brightest one to the full height."""
_TEXTURE_PIXELS = 128
_OVERLAP_M = 1.0
_SUNK_M = 0.5
"""By how much the mesh lies below the height map where it reaches under it, so that the fine ground shows."""


class TerrainError(ValueError):
    """Say in one sentence why a terrain cannot be made."""


@dataclass(frozen=True)
class Patch:
    """A square of true ground on the nodes of the fine grid: 2^n + 1 heights a side, row 0 with the smallest y."""

    heights_m: FloatArray
    x0_m: float
    y0_m: float
    cell_m: float

    @property
    def size_m(self) -> float:
        """Length of a side, from the first node to the last."""
        return float((self.heights_m.shape[0] - 1) * self.cell_m)

    @property
    def centre_m(self) -> tuple[float, float]:
        """Place of its middle node in map."""
        return self.x0_m + 0.5 * self.size_m, self.y0_m + 0.5 * self.size_m

    @property
    def lowest_m(self) -> float:
        """Smallest height."""
        return float(self.heights_m.min())

    @property
    def relief_m(self) -> float:
        """Largest height above the smallest, at least a millimetre: a plain has a height in Gazebo too."""
        return max(float(self.heights_m.max()) - self.lowest_m, 1e-3)

    def contains(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike, margin_m: float = 0.0) -> npt.NDArray[np.bool_]:
        """Tell of places whether they lie within, by a margin."""
        x, y = np.asarray(x_m, float) - self.x0_m, np.asarray(y_m, float) - self.y0_m
        low, high = margin_m, self.size_m - margin_m
        return np.asarray((x >= low) & (x <= high) & (y >= low) & (y <= high))

    def pixels(self) -> npt.NDArray[np.uint16]:
        """Return the heights as 16-bit pixels, row 0 with the greatest y as an image has it."""
        scaled = (self.heights_m[::-1] - self.lowest_m) * (MOST / self.relief_m)
        return np.rint(scaled).astype(np.uint16)


def needed_m(x_m: FloatArray, y_m: FloatArray, margin_m: float) -> float:
    """Return the side of a square that holds the points with a margin."""
    return max(float(np.ptp(x_m)), float(np.ptp(y_m))) + 2.0 * margin_m


def cut_patch(
    ground: Ground, x_m: FloatArray, y_m: FloatArray, margin_m: float, most_cells: int = AS_CONFIGURED.most_cells
) -> Patch:
    """Cut the smallest patch that holds the points with a margin, on nodes of the fine grid, fewer for a long way.

    Raises TerrainError where the ground is not known over the whole of it.
    """
    cell = ground.detail_cell_m
    middle = 0.5 * np.array([x_m.min() + x_m.max(), y_m.min() + y_m.max()])
    side_m = needed_m(x_m, y_m, margin_m)
    cells = FEWEST_CELLS
    while cells * cell < side_m:
        if cells < most_cells:
            cells *= 2
        else:
            # a long route is had at the price of detail: more nodes than this no height map should have
            cell *= 2.0
    column, row = (
        round((at - 0.5 * cells * cell - first) / ground.detail_cell_m)
        for at, first in zip(middle, (ground.detail_x0_m, ground.detail_y0_m))
    )
    x0, y0 = ground.detail_x0_m + column * ground.detail_cell_m, ground.detail_y0_m + row * ground.detail_cell_m
    axis = np.arange(cells + 1) * cell
    gx, gy = np.meshgrid(x0 + axis, y0 + axis)
    heights = ground_heights(ground, gx.ravel(), gy.ravel()).reshape(gx.shape)
    if not np.isfinite(heights).all():
        raise TerrainError(
            f"the route needs {cells * cell:g} m of ground around {middle[0]:.0f}, {middle[1]:.0f} m, more than the map"
        )
    return Patch(heights, float(x0), float(y0), cell)


def png(pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> bytes:
    """Return a PNG file: grey (ny, nx) in 8 or 16 bits, or colour (ny, nx, 3) in 8 bits (ISO/IEC 15948)."""
    ny, nx = pixels.shape[:2]
    bits = 8 * pixels.dtype.itemsize
    colour_type = 2 if pixels.ndim == 3 else 0
    rows = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder(">"))).view(np.uint8).reshape(ny, -1)
    # Each row as its difference to the one above: smooth ground becomes small numbers.
    filtered = np.full((ny, rows.shape[1] + 1), 2, dtype=np.uint8)
    filtered[0, 1:] = rows[0]
    filtered[1:, 1:] = rows[1:] - rows[:-1]

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", nx, ny, bits, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(filtered.tobytes(), 6))
        + chunk(b"IEND", b"")
    )


def regolith_texture() -> bytes:
    """Return the picture of the ground: grey with a grain."""
    grain = np.random.default_rng(1).normal(0.0, 6.0, (_TEXTURE_PIXELS, _TEXTURE_PIXELS))
    grey = np.clip(120.0 + grain, 0, 255).astype(np.uint8)
    return png(np.repeat(grey[:, :, None], 3, axis=2))


def flat_normals() -> bytes:
    """Return the picture of a surface without bumps."""
    picture = np.empty((8, 8, 3), dtype=np.uint8)
    picture[:] = (128, 128, 255)
    return png(picture)


def _lines(nodes_m: FloatArray, low_m: float, high_m: float, settings: TerrainSettings) -> tuple[FloatArray, slice]:
    """Return places along one axis for the mesh around a patch from `low_m` to `high_m`, and which are its hole.

    They are the field's own nodes near the patch, for there the mesh casts shadows on it, farther out fewer; the
    patch's edges; and the edges of the hole, which is smaller than the patch by _OVERLAP_M on each side.
    """
    step = max(1, -(-(nodes_m.size - 1) // settings.mesh_cells))
    far = (nodes_m < low_m - settings.fine_mesh_m) | (nodes_m > high_m + settings.fine_mesh_m)
    thinned = np.zeros(nodes_m.size, dtype=bool)
    thinned[::step] = thinned[-1] = True
    edges = np.array([low_m, low_m + _OVERLAP_M, high_m - _OVERLAP_M, high_m])
    kept = nodes_m[~far | thinned]
    # a sliver between a node and an edge would be no face worth drawing
    kept = kept[np.abs(kept[:, None] - edges).min(axis=1) > _OVERLAP_M]
    lines = np.sort(np.concatenate([kept, edges]))
    return lines, slice(int(np.searchsorted(lines, edges[1])), int(np.searchsorted(lines, edges[2])))


def surroundings_mesh(base: HeightField, patch: Patch, settings: TerrainSettings = AS_CONFIGURED) -> str:
    """Return the 5 m field around the patch as a Wavefront OBJ with normals in the map frame.

    It meets the height map along its edges and reaches a little way under it, so that no light falls between.
    """
    (x0, y0), side = (patch.x0_m, patch.y0_m), patch.size_m
    x, columns = _lines(base.x_m, x0, x0 + side, settings)
    y, rows = _lines(base.y_m, y0, y0 + side, settings)
    fine = HeightField(patch.heights_m.astype(np.float32), x0, y0, patch.cell_m)
    gx, gy = np.meshgrid(x, y)
    heights = base.height(gx, gy)
    heights = np.where(patch.contains(gx, gy), fine.height(gx, gy), heights)
    slope_y, slope_x = np.gradient(heights, y, x)
    normals = np.stack([-slope_x, -slope_y, np.ones_like(heights)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    heights = heights - np.where(patch.contains(gx, gy, margin_m=0.5 * _OVERLAP_M), _SUNK_M, 0.0)
    nx = x.size
    lines = ["o surroundings"]
    lines += [f"v {a:.2f} {b:.2f} {c:.3f}" for a, b, c in zip(gx.ravel(), gy.ravel(), heights.ravel())]
    lines += [f"vn {a:.4f} {b:.4f} {c:.4f}" for a, b, c in normals.reshape(-1, 3)]
    for i in range(y.size - 1):
        for j in range(nx - 1):
            if rows.start <= i < rows.stop and columns.start <= j < columns.stop:
                continue
            a, b = i * nx + j + 1, i * nx + j + 2
            c, d = a + nx, b + nx
            lines += [f"f {a}//{a} {b}//{b} {d}//{d}", f"f {a}//{a} {d}//{d} {c}//{c}"]
    return "\n".join(lines) + "\n"
