# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Terrain below any DEM: fractal roughness with the measured statistics, craters and rocks, all from seeds."""

import zlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq
from scipy.spatial import cKDTree

from lupex_models.configuration import setting
from lupex_models.craters import (
    NO_CRATERS,
    Craters,
    CraterShape,
    CraterStatistics,
    add_craters,
    crater_population,
    crater_profile,
    one_crater,
)
from lupex_models.height_field import HeightField, refine
from lupex_models.rocks import Rocks, RockStatistics, add_rocks, covered_share, rock_population

__all__ = [
    "NOWHERE",
    "NO_CRATERS",
    "CalmPlaces",
    "CraterShape",
    "CraterStatistics",
    "Craters",
    "FractalStatistics",
    "OrbitalQuality",
    "RockStatistics",
    "Rocks",
    "add_craters",
    "add_rocks",
    "border_taper",
    "clear_of",
    "covered_share",
    "crater_population",
    "crater_profile",
    "fine_patch",
    "fractal_surface",
    "hurst_exponent",
    "measured_roughness",
    "one_crater",
    "orbital_product",
    "refine",
    "rms_deviation",
    "rock_population",
    "rough_relief",
    "roughness_beside",
    "stream",
]

FloatArray = npt.NDArray[np.float64]

_LAG_FACTORS = (1, 2, 4)
_STEEPEST_SPECTRUM, _FLATTEST_SPECTRUM = 8.0, 0.0


@dataclass(frozen=True)
class FractalStatistics:
    """Roughness of the ground; the defaults are measured at the Shackleton-de Gerlache ridge in a 5 m LOLA DEM."""

    hurst: float = setting(0.93, "growth of the RMS deviation with lag", minimum=0.05, maximum=0.99)
    rms_deviation_m: float = setting(0.40, "of heights one reference lag apart", unit="m", minimum=0.0, maximum=50.0)
    reference_lag_m: float = setting(5.0, unit="m", minimum=0.01, maximum=1000.0)
    longest_wavelength_m: float = setting(
        3200.0, "longer waves are the relief's own", unit="m", minimum=0.1, maximum=1e5
    )


@dataclass(frozen=True)
class OrbitalQuality:
    """What a LOLA 5 m product loses; the defaults are its published height error and our reading of its resolution."""

    smallest_crater_m: float = setting(30.0, "smaller craters are not seen", unit="m", minimum=0.0, maximum=1000.0)
    height_error_m: float = setting(0.2, "root mean square", unit="m", minimum=0.0, maximum=20.0)
    error_correlation_cells: float = setting(
        1.5, "smoothing of the error: with 0.2 m on 5 m it gives the slope error of 1 deg", minimum=0.0, maximum=50.0
    )


@dataclass(frozen=True)
class CalmPlaces:
    """Points (n, 2) in the map that no drawn crater or rock comes nearer to than radius_m."""

    points_m: FloatArray
    radius_m: float


NOWHERE = CalmPlaces(np.empty((0, 2)), 0.0)


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one named part of a world: parts can be drawn in any order, on any machine."""
    return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))


def clear_of(places: CalmPlaces, items: Craters | Rocks) -> npt.NDArray[np.bool_]:
    """Tell which craters or rocks (n) keep their whole disc outside all calm places."""
    if not len(places.points_m):
        return np.ones(len(items), dtype=np.bool_)
    distance, _ = cKDTree(places.points_m).query(np.stack([items.x_m, items.y_m], axis=-1))
    return np.asarray(distance > places.radius_m + 0.5 * items.diameter_m)


def fractal_surface(
    nx: int,
    ny: int,
    cell_m: float,
    statistics: FractalStatistics,
    rng: np.random.Generator,
    shorter_than_m: float = np.inf,
) -> FloatArray:
    """Return heights (ny, nx) of a tileable self-affine surface with zero mean.

    Spectral synthesis (Saupe 1988) with fixed amplitudes and random phases: the mean RMS deviation of a whole tile at
    the reference lag, and its growth up to four times that lag, are those asked for, whatever the seed. The reference
    lag is rounded to whole cells, at least one. With shorter_than_m only the shorter waves of that surface are
    returned: detail for beneath a grid that has the longer ones. Raises ValueError when the tile holds no wave of the
    allowed length, or when the roughness asked for cannot be reached by a power law.
    """
    frequency = np.hypot(np.fft.fftfreq(ny, cell_m)[:, None], np.fft.fftfreq(nx, cell_m)[None, :])
    allowed = (frequency >= 1.0 / statistics.longest_wavelength_m) & (frequency > 0.0)
    if not allowed.any():
        raise ValueError(
            f"a tile of {nx * cell_m:g} x {ny * cell_m:g} m holds no wave up to {statistics.longest_wavelength_m:g} m"
        )
    lag = _lag_cells(statistics.reference_lag_m, cell_m)
    if lag * _LAG_FACTORS[-1] >= min(nx, ny):
        raise ValueError(f"a tile of {nx} x {ny} cells is too small for lags up to {lag * _LAG_FACTORS[-1]} cells")

    def power(exponent: float) -> FloatArray:
        out = np.zeros_like(frequency)
        # Relative to the highest frequency, so that steep spectra stay within range.
        out[allowed] = (frequency[allowed] * cell_m) ** -exponent
        return np.asarray(out)

    def growth(exponent: float) -> float:
        return float(_growth(_expected_deviation(power(exponent), lag), lag) - statistics.hurst)

    if growth(_FLATTEST_SPECTRUM) > 0.0 or growth(_STEEPEST_SPECTRUM) < 0.0:
        raise ValueError(f"no power law on this tile grows with lag as Hurst exponent {statistics.hurst}")
    spectrum = power(brentq(growth, _FLATTEST_SPECTRUM, _STEEPEST_SPECTRUM, xtol=1e-4))
    spectrum *= (statistics.rms_deviation_m / _expected_deviation(spectrum, lag)[0]) ** 2
    spectrum[frequency <= 1.0 / shorter_than_m] = 0.0
    # The phases of white noise are those of a real field: conjugate in opposite frequencies.
    noise = np.fft.fft2(rng.standard_normal((ny, nx)))
    phases = noise / np.maximum(np.abs(noise), np.finfo(np.float64).tiny)
    return np.asarray(np.fft.ifft2(np.sqrt(spectrum) * phases).real * (nx * ny))


def roughness_beside(statistics: FractalStatistics, other_m: npt.ArrayLike, cell_m: float) -> FractalStatistics:
    """Return what a fractal must contribute so that fractal and other relief together have the statistics asked for.

    other_m are heights (ny, nx), such as craters alone on level ground; independent reliefs add in variance, and so do
    their squared deviations (Shepard et al. 2001).
    Raises ValueError when the other relief alone is already rougher than asked.
    """
    heights = np.asarray(other_m, dtype=np.float64)
    if np.ptp(heights) == 0.0:
        return statistics
    lag = _lag_cells(statistics.reference_lag_m, cell_m)
    lags = np.array(_LAG_FACTORS) * lag * cell_m
    wanted = statistics.rms_deviation_m * (lags / lags[0]) ** statistics.hurst
    left = wanted**2 - np.array([rms_deviation(heights, cell_m, float(value)) for value in lags]) ** 2
    if np.any(left <= 0.0):
        raise ValueError(
            f"the relief alone deviates by {rms_deviation(heights, cell_m, float(lags[0])):.3f} m "
            f"over {lags[0]:g} m, more than the {statistics.rms_deviation_m:.3f} m asked for"
        )
    hurst = _growth(np.sqrt(left), lag)
    return replace(statistics, rms_deviation_m=float(np.sqrt(left[0])), hurst=float(np.clip(hurst, 0.05, 0.99)))


def rough_relief(
    relief: HeightField,
    statistics: FractalStatistics,
    craters: CraterStatistics,
    shape: CraterShape,
    seed: int,
    taper_m: float,
    calm: CalmPlaces = NOWHERE,
    placed: Craters = NO_CRATERS,
) -> tuple[HeightField, Craters]:
    """Return smooth relief with craters and fractal added, and the drawn craters.

    Fractal and drawn craters together have the RMS deviation asked for; no drawn crater touches a calm place. placed
    craters come on top. Within taper_m of the border all this fades out, so that the field meets the relief around it
    without a cliff. Raises ValueError when the drawn craters alone are rougher than asked.
    """
    ny, nx = relief.shape
    population = crater_population(relief.bounds_m, craters, shape, stream(seed, "craters"))
    population = population.only(clear_of(calm, population))
    level = HeightField(np.zeros(relief.shape, dtype=np.float32), relief.x0_m, relief.y0_m, relief.cell_m)
    dug = add_craters(level, population, shape)
    rest = roughness_beside(statistics, dug.heights_m, relief.cell_m)
    detail = add_craters(dug, placed, shape).heights_m + fractal_surface(
        nx, ny, relief.cell_m, rest, stream(seed, "fractal")
    )
    heights = relief.heights_m + border_taper(nx, ny, relief.cell_m, taper_m) * detail
    return HeightField(heights.astype(np.float32), relief.x0_m, relief.y0_m, relief.cell_m), population


def fine_patch(
    field: HeightField,
    cell_m: float,
    x0_m: float,
    y0_m: float,
    nx: int,
    ny: int,
    statistics: FractalStatistics,
    craters: CraterStatistics,
    shape: CraterShape,
    seed: int,
    taper_m: float,
    calm: CalmPlaces = NOWHERE,
) -> tuple[HeightField, Craters]:
    """Return a window of a field at a finer cell, with the fractal's shorter waves and small craters, and the craters.

    Waves that the coarse grid can hold (two of its cells and longer) are the field's own and are not added again; no
    crater touches a calm place. Within taper_m of the window's border the patch turns into the bilinear surface of the
    field, so that one can be laid into the other without a step. Raises ValueError when the window leaves the field.
    """
    smooth = refine(field, cell_m, x0_m, y0_m, nx, ny)
    bilinear = field.height(smooth.x_m[None, :], smooth.y_m[:, None])
    population = crater_population(smooth.bounds_m, craters, shape, stream(seed, "fine craters"))
    population = population.only(clear_of(calm, population))
    level = HeightField(np.zeros(smooth.shape, dtype=np.float32), x0_m, y0_m, cell_m)
    detail = add_craters(level, population, shape).heights_m + fractal_surface(
        nx, ny, cell_m, statistics, stream(seed, "fine fractal"), shorter_than_m=2.0 * field.cell_m
    )
    heights = bilinear + border_taper(nx, ny, cell_m, taper_m) * (smooth.heights_m - bilinear + detail)
    return HeightField(heights.astype(np.float32), x0_m, y0_m, cell_m), population


def orbital_product(
    field: HeightField,
    craters: Craters,
    shape: CraterShape,
    taper_m: float,
    quality: OrbitalQuality,
    rng: np.random.Generator,
) -> HeightField:
    """Return what an orbiter's DEM shows of a field made by rough_relief: small craters lost, correlated height error.

    Errors as those of the LOLA 5 m maps (Barker et al. 2021).
    craters and taper_m are those of rough_relief.
    """
    ny, nx = field.shape
    small = craters.only(craters.diameter_m < quality.smallest_crater_m)
    level = HeightField(np.zeros(field.shape, dtype=np.float32), field.x0_m, field.y0_m, field.cell_m)
    dug = add_craters(level, small, shape).heights_m * border_taper(nx, ny, field.cell_m, taper_m)
    error = gaussian_filter(rng.standard_normal((ny, nx)), quality.error_correlation_cells, mode="wrap")
    error *= quality.height_error_m / error.std()
    return HeightField((field.heights_m - dug + error).astype(np.float32), field.x0_m, field.y0_m, field.cell_m)


def rms_deviation(heights_m: npt.ArrayLike, cell_m: float, lag_m: float) -> float:
    """Return the root mean square height difference over a lag, both axes together (Shepard et al. 2001)."""
    heights = np.asarray(heights_m, dtype=np.float64)
    lag = _lag_cells(lag_m, cell_m)
    if lag >= min(heights.shape):
        raise ValueError(f"a lag of {lag_m:g} m does not fit into {heights.shape} cells of {cell_m:g} m")
    across = np.mean((heights[:, lag:] - heights[:, :-lag]) ** 2)
    along = np.mean((heights[lag:, :] - heights[:-lag, :]) ** 2)
    return float(np.sqrt(0.5 * (across + along)))


def hurst_exponent(heights_m: npt.ArrayLike, cell_m: float, reference_lag_m: float) -> float:
    """Return the growth of log RMS deviation with log lag, from the reference lag to four times it.

    Shepard et al. (2001).
    """
    lag = _lag_cells(reference_lag_m, cell_m)
    deviations = np.array([rms_deviation(heights_m, cell_m, factor * lag * cell_m) for factor in _LAG_FACTORS])
    return _growth(deviations, lag)


def measured_roughness(field: HeightField, reference_lag_m: float, window_m: float) -> FractalStatistics:
    """Return the roughness of a DEM beside its slopes, to be asked of the detail beneath it or beneath its like.

    The field is cut into whole windows of window_m, a plane is taken out of each, and their squared deviations are
    averaged (Shepard et al. 2001). Waves longer than a window are slopes. Raises ValueError when no window is known
    throughout.
    """
    count = round(window_m / field.cell_m)
    ny, nx = field.shape
    y, x = np.mgrid[0:count, 0:count]
    planes = np.stack([x.ravel(), y.ravel(), np.ones(count * count)], axis=-1)
    fit = np.linalg.pinv(planes)
    lag = _lag_cells(reference_lag_m, field.cell_m)
    squares = []
    for i in range(0, ny - count + 1, count):
        for j in range(0, nx - count + 1, count):
            window = field.heights_m[i : i + count, j : j + count].astype(np.float64).ravel()
            if np.all(np.isfinite(window)):
                rest = (window - planes @ (fit @ window)).reshape(count, count)
                lags = [factor * lag * field.cell_m for factor in _LAG_FACTORS]
                squares.append([rms_deviation(rest, field.cell_m, value) ** 2 for value in lags])
    if not squares:
        raise ValueError(f"no window of {window_m:g} m is known throughout")
    deviations = np.sqrt(np.mean(squares, axis=0))
    return FractalStatistics(
        hurst=_growth(deviations, lag),
        rms_deviation_m=float(deviations[0]),
        reference_lag_m=lag * field.cell_m,
        longest_wavelength_m=window_m,
    )


def border_taper(nx: int, ny: int, cell_m: float, width_m: float) -> FloatArray:
    """Return weights (ny, nx) rising from 0 at the border to 1 at width_m, so that detail meets the relief around."""

    def ramp(count: int) -> FloatArray:
        inward = np.minimum(np.arange(count), np.arange(count)[::-1]) * cell_m
        return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(inward / width_m, 0.0, 1.0)))

    return ramp(ny)[:, None] * ramp(nx)[None, :]


def _lag_cells(lag_m: float, cell_m: float) -> int:
    return max(1, round(lag_m / cell_m))


def _growth(deviations: FloatArray, lag: int) -> float:
    return float(np.polyfit(np.log(np.array(_LAG_FACTORS) * lag), np.log(deviations), 1)[0])


def _expected_deviation(power: FloatArray, lag: int) -> FloatArray:
    # Autocovariance C along each axis is the transform of the spectrum summed over the other; a difference has the
    # variance 2 (C(0) - C(lag)).
    lags = np.array(_LAG_FACTORS) * lag
    deviations = np.zeros(lags.size)
    for axis in (0, 1):
        covariance = np.fft.fft(power.sum(axis=axis)).real
        deviations += covariance[0] - covariance[lags]
    return np.sqrt(deviations)
