# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Ray casting on a height field of 2048 x 2048: bundles of a lidar, of a camera and at random, and mujoco beside it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from numba import njit

from benchmarks.measuring import Asked, Context, Outcome, Row, best, timed
from benchmarks.models import ground
from lupex_models.height_field import HeightField
from lupex_simulator.sensors.ray_casting import cast_rays, cell_hit, maxima_pyramid

FloatArray = npt.NDArray[np.float64]

ASKED = {"rays_per_s": Asked(5e6, at_most=False), "rays_brute_mismatches": Asked(0.0)}

_EYE_M = 1.4
_LIDAR = (360, 32, -0.785, 0.175)
"""Columns, rows, lowest and highest elevation [rad]: the rover's own scanner."""
_FAR_LIDAR = (360, 32, -0.26, 0.10)
_CAMERA = (640, 480, 1.2, -0.15)
"""Columns, rows, field of view across and pitch [rad]."""
_LEAN_RAD = 0.1
_SAME_M = 1e-9
_PEER_RAYS = 400


@dataclass(frozen=True)
class Bundle:
    """Rays from one point: unit directions (n, 3), seen to reach_m."""

    origin: FloatArray
    directions: FloatArray
    reach_m: float


def run(context: Context) -> Outcome:
    """Measure each kind of bundle, check hits against asking every cell, and cast the same rays with mujoco."""
    cells = 256 if context.quick else 2048
    context.say(f"rays over {cells} x {cells} cells of rough ground")
    field = ground.rough_ground(context, cells)
    cast = _caster(field)
    kinds = _bundles(field, np.random.default_rng(context.seed), context.quick)
    rows: list[Row] = []
    figures: dict[str, float] = {}
    for kind, bundles in kinds.items():
        cast(bundles[0])  # Kernels are compiled or loaded here.
        count = sum(len(bundle.directions) for bundle in bundles)
        times = timed(partial(_cast_all, cast, bundles), 3 if context.quick else 9, kind=kind, rays=count)
        rows += times
        figures["rays_per_s" if kind == "lidar" else f"rays_per_s_{kind}"] = count / best(times, "cpu_s")
    pyramid_rows = timed(lambda: maxima_pyramid(field.heights_m), 5)
    context.say("the same rays, every cell asked")
    checked = _check_by_brute_force(context, field, cast, kinds)
    figures |= {
        "rays_pyramid_ms": 1e3 * best(pyramid_rows, "cpu_s"),
        "rays_brute_mismatches": float(sum(not row["same"] for row in checked)),
        "rays_brute_checked": float(len(checked)),
    }
    notes = [
        f"Ground: {cells} x {cells} at 0.25 m, fractal with craters from 2 m and rocks; best CPU time of one thread.",
        "lidar: 20 scans of 360 x 32 rays, -45..10 deg, 30 m, from 1.4 m, rover leaning as it stands (rays_per_s); "
        "far: -15..6 deg, 500 m; camera: 2 images of 640 x 480, 500 m; random: 64 points 0.5..20 m up, directions "
        "anywhere on the sphere, 500 m.",
        "rays_brute_mismatches: rays whose range differs by more than 1 nm from the nearest hit among all cells.",
    ]
    peer_figures, peer_rows = _beside_mujoco(context, field, kinds, figures)
    if peer_rows:
        notes.append(
            "mujoco: mj_multiRay on a geom of type hfield with the same nodes (each scaled to 0..1 in float32, as it "
            "asks), every n-th ray of the first bundle. It lays two triangles over a cell where ours is bilinear: so "
            "ranges are compared on untwisted ground f(x) + g(y), where both are one surface "
            "(rays_largest_difference_m), and on the rough ground by the median: there the surfaces differ."
        )
    return Outcome(
        {**figures, **peer_figures},
        {"rays_times": rows, "rays_pyramid_times": pyramid_rows, "rays_brute_force": checked, **peer_rows},
        tuple(notes),
    )


def _caster(field: HeightField) -> Callable[[Bundle], FloatArray]:
    pyramid = maxima_pyramid(field.heights_m)

    def cast(bundle: Bundle) -> FloatArray:
        return cast_rays(
            field.heights_m, field.x0_m, field.y0_m, field.cell_m, pyramid, bundle.origin, bundle.directions, 0.0,
            bundle.reach_m,
        )[0]  # fmt: skip

    return cast


def _cast_all(cast: Callable[[Bundle], FloatArray], bundles: list[Bundle]) -> None:
    for bundle in bundles:
        cast(bundle)


def _bundles(field: HeightField, rng: np.random.Generator, quick: bool) -> dict[str, list[Bundle]]:
    scans, images, points = (2, 1, 4) if quick else (20, 2, 64)
    width = field.bounds_m[2]

    def eye(height_m: float) -> FloatArray:
        x, y = rng.uniform(0.25 * width, 0.75 * width, 2)
        return np.array([x, y, float(field.height(x, y)) + height_m])

    def scan(pattern: tuple[int, int, float, float]) -> FloatArray:
        return np.ascontiguousarray(_lidar(*pattern) @ _turn(rng.uniform(0, 2 * math.pi), rng.normal(0, _LEAN_RAD)).T)

    def image() -> FloatArray:
        columns, rows, across, pitch = _CAMERA
        size = (columns // 4, rows // 4) if quick else (columns, rows)
        return np.ascontiguousarray(_camera(*size, across) @ _turn(rng.uniform(0, 2 * math.pi), -pitch).T)

    def anywhere() -> FloatArray:
        directions = rng.standard_normal((4096, 3))
        return np.asarray(directions / np.linalg.norm(directions, axis=1, keepdims=True))

    return {
        "lidar": [Bundle(eye(_EYE_M), scan(_LIDAR), 30.0) for _ in range(scans)],
        "far": [Bundle(eye(_EYE_M), scan(_FAR_LIDAR), 500.0) for _ in range(scans)],
        "camera": [Bundle(eye(_EYE_M), image(), 500.0) for _ in range(images)],
        "random": [Bundle(eye(rng.uniform(0.5, 20.0)), anywhere(), 500.0) for _ in range(points)],
    }


def _lidar(columns: int, rows: int, lowest_rad: float, highest_rad: float) -> FloatArray:
    azimuth = np.arange(columns) * (2.0 * math.pi / columns)
    elevation = np.linspace(lowest_rad, highest_rad, rows)
    flat = np.cos(elevation)[:, None]
    return np.stack(
        [(flat * np.cos(azimuth)).ravel(), (flat * np.sin(azimuth)).ravel(), np.repeat(np.sin(elevation), columns)],
        axis=-1,
    )


def _camera(columns: int, rows: int, across_rad: float) -> FloatArray:
    focal = 0.5 * columns / math.tan(0.5 * across_rad)
    x, y = np.meshgrid((np.arange(columns) - 0.5 * columns + 0.5) / focal, (np.arange(rows) - 0.5 * rows + 0.5) / focal)
    rays = np.stack([np.ones_like(x), -x, -y], axis=-1).reshape(-1, 3)
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def _turn(yaw_rad: float, pitch_rad: float) -> FloatArray:
    cy, sy, cp, sp = math.cos(yaw_rad), math.sin(yaw_rad), math.cos(pitch_rad), math.sin(pitch_rad)
    return np.array([[cy * cp, -sy, cy * sp], [sy * cp, cy, sy * sp], [-sp, 0.0, cp]])


def _check_by_brute_force(
    context: Context, field: HeightField, cast: Callable[[Bundle], FloatArray], kinds: dict[str, list[Bundle]]
) -> list[Row]:
    rng = np.random.default_rng(context.seed + 1)
    rows = []
    for kind, bundles in kinds.items():
        for _ in range(10 if context.quick else 50):
            bundle = bundles[int(rng.integers(len(bundles)))]
            one = Bundle(bundle.origin, bundle.directions[[int(rng.integers(len(bundle.directions)))]], bundle.reach_m)
            ours = float(cast(one)[0])
            exact = float(_nearest_hit(field.heights_m, field.cell_m, one.origin, one.directions[0], one.reach_m))
            same = (math.isnan(ours) and math.isnan(exact)) or abs(ours - exact) <= _SAME_M
            rows.append({"kind": kind, "range_m": _finite(ours), "brute_force_m": _finite(exact), "same": same})
    return rows


@njit(cache=True)
def _nearest_hit(
    heights: npt.NDArray[np.float32], cell: float, origin: FloatArray, direction: FloatArray, reach: float
) -> float:
    ny, nx = heights.shape
    nearest = math.inf
    for i in range(ny - 1):
        for j in range(nx - 1):
            hit = cell_hit(
                heights, i, j, origin[0] / cell, origin[1] / cell, origin[2], direction[0] / cell, direction[1] / cell,
                direction[2], reach,
            )  # fmt: skip
            if hit < nearest:
                nearest = hit
    return nearest if nearest < math.inf else math.nan


def _finite(value: float) -> float | None:
    """JSON has no nan: no hit is null."""
    return value if math.isfinite(value) else None


def _beside_mujoco(
    context: Context, field: HeightField, kinds: dict[str, list[Bundle]], figures: dict[str, float]
) -> tuple[dict[str, float], dict[str, list[Row]]]:
    if context.peer("mujoco") is None:
        return {}, {}
    context.say("mujoco mj_multiRay on the same field")
    found: dict[str, float] = {}
    times: list[Row] = []
    peer = _MujocoField(field)
    cast = _caster(field)
    for kind, bundles in kinds.items():
        part = _thinned(bundles[0], 40 if context.quick else _PEER_RAYS)
        theirs: list[FloatArray] = []
        rows = timed(_peer_cast(peer, part, theirs), 2, kind=kind, rays=len(part.directions))
        ours = cast(part)
        both = np.isfinite(ours) & np.isfinite(theirs[-1])
        for row in rows:
            row["median_difference_m"] = float(np.median(np.abs(ours - theirs[-1])[both])) if both.any() else None
            row["both_hit"] = int(both.sum())
        times += rows
        name = "" if kind == "lidar" else f"_{kind}"
        rate = len(part.directions) / best(rows, "cpu_s")
        found[f"mujoco_rays_per_s{name}"] = rate
        found[f"rays_vs_mujoco{name}"] = figures[f"rays_per_s{name}"] / rate
    median = [row["median_difference_m"] for row in times if row["median_difference_m"] is not None]
    found["rays_median_difference_m"] = float(max(median))
    plane = ground.untwisted_ground(context, field.shape[0])
    differences = _differences(context, plane)
    both = np.isfinite(differences)
    found |= {
        "rays_largest_difference_m": float(np.abs(differences[both]).max()),
        "rays_compared": float(both.sum()),
        "rays_hit_by_one_only": float(np.isinf(differences).sum()),
    }
    return found, {
        "mujoco_times": times,
        "mujoco_differences_m": [{"difference": _finite(float(d))} for d in differences],
    }


def _differences(context: Context, plane: HeightField) -> FloatArray:
    """Return ours less mujoco's range on ground where the surfaces are the same; inf where one alone hits."""
    peer, cast = _MujocoField(plane), _caster(plane)
    parts = []
    for bundles in _bundles(plane, np.random.default_rng(context.seed), quick=True).values():
        part = _thinned(bundles[0], 40 if context.quick else _PEER_RAYS)
        ours, theirs = cast(part), peer.cast(part)
        difference = ours - theirs
        difference[np.isnan(ours) != np.isnan(theirs)] = math.inf
        parts.append(difference)
    return np.concatenate(parts)


def _thinned(bundle: Bundle, count: int) -> Bundle:
    chosen = np.linspace(0, len(bundle.directions) - 1, count).astype(int)
    return Bundle(bundle.origin, np.ascontiguousarray(bundle.directions[chosen]), bundle.reach_m)


def _peer_cast(peer: "_MujocoField", bundle: Bundle, kept: list[FloatArray]) -> Callable[[], None]:
    def cast() -> None:
        kept[:] = [peer.cast(bundle)]

    return cast


class _MujocoField:
    """A mujoco model that holds one height field and nothing else."""

    def __init__(self, field: HeightField) -> None:
        import mujoco

        heights = field.heights_m.astype(np.float64)
        low, high = float(heights.min()), float(heights.max())
        half_x, half_y = (0.5 * (count - 1) * field.cell_m for count in (field.shape[1], field.shape[0]))
        spec = mujoco.MjSpec()
        ground_field = spec.add_hfield(
            name="ground", nrow=field.shape[0], ncol=field.shape[1], size=[half_x, half_y, high - low, 1.0]
        )
        ground_field.userdata = ((heights - low) / (high - low)).ravel()
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_HFIELD, hfieldname="ground", pos=[field.x0_m + half_x, field.y0_m + half_y, low]
        )
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        mujoco.mj_forward(self._model, self._data)
        self._cast = mujoco.mj_multiRay

    def cast(self, bundle: Bundle) -> FloatArray:
        """Return the ranges; nan without a hit within reach."""
        count = len(bundle.directions)
        geom, ranges = np.zeros(count, dtype=np.int32), np.zeros(count)
        self._cast(
            self._model, self._data, bundle.origin, bundle.directions.ravel(), None, True, -1, geom, ranges, None,
            count, bundle.reach_m,
        )  # fmt: skip
        # Its cutoff sorts out geoms, not hits.
        ranges[(geom < 0) | (ranges > bundle.reach_m)] = math.nan
        return ranges
