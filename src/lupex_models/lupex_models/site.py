# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A site's orbital product on disk: what autonomy is given of the world before landing."""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from lupex_models.configuration import ConfigurationError, from_mapping, read_yaml, setting
from lupex_models.dem import read_dem, write_dem
from lupex_models.height_field import HeightField, refine
from lupex_models.horizon import HorizonMap
from lupex_models.site_frame import GridDirection, SiteError, SiteFrame

__all__ = [
    "GridDirection",
    "Haven",
    "HeightField",
    "OrbitalSite",
    "Pose2",
    "SiteError",
    "SiteFrame",
    "Target",
    "open_site",
    "refine",
    "utc_seconds",
    "utc_text",
    "write_site",
]

SITE_FILE = "site.yaml"
DEM_FILE = "dem.tif"
FAR_FILE = "far.tif"
HORIZON_DIRECTORY = "horizon"
SHADOW_FILE = "permanent_shadow.npy"


@dataclass(frozen=True)
class Pose2:
    """A place and heading on the map; yaw from +x, counter-clockwise."""

    x_m: float = setting(unit="m", minimum=-1e5, maximum=1e5)
    y_m: float = setting(unit="m", minimum=-1e5, maximum=1e5)
    yaw_rad: float = setting(unit="rad", minimum=-2.0 * math.pi, maximum=2.0 * math.pi)


@dataclass(frozen=True)
class Haven:
    """A place where the rover can wait in sunlight."""

    x_m: float = setting(unit="m", minimum=-1e5, maximum=1e5)
    y_m: float = setting(unit="m", minimum=-1e5, maximum=1e5)
    radius_m: float = setting(unit="m", minimum=0.1, maximum=1e4)


@dataclass(frozen=True)
class Target:
    """A place where a sample is wanted."""

    x_m: float = setting(unit="m", minimum=-1e5, maximum=1e5)
    y_m: float = setting(unit="m", minimum=-1e5, maximum=1e5)
    name: str = setting()


@dataclass(frozen=True)
class _Origin:
    latitude_deg: float = setting(unit="deg", minimum=-90.0, maximum=-60.0)
    longitude_deg: float = setting(unit="deg", minimum=-360.0, maximum=360.0)
    height_m: float = setting(unit="m", minimum=-9_500.0, maximum=11_000.0)


@dataclass(frozen=True)
class _SiteFile:
    """The scalar part of site.yaml; havens and targets are lists beside it."""

    origin: _Origin
    lander: Pose2
    name: str = setting()
    start_utc: str = setting()
    utc_offset_s: float = setting(unit="s")
    lander_sigma_m: float = setting(0.0, "of the lander's place, each axis", unit="m", minimum=0.0, maximum=1e4)
    lander_sigma_rad: float = setting(0.0, "of its heading", unit="rad", minimum=0.0, maximum=math.pi)
    scan_min_s: float = setting(0.0, "neutrons are counted at least so long", unit="s", minimum=0.0, maximum=1e5)


@dataclass(frozen=True)
class OrbitalSite:
    """A site as known from orbit, in the map frame.

    permanent_shadow lies on the grid of the horizon map (None when it was not computed); far is the relief around the
    DEM (None when the site has none). UTC = ROS time + utc_offset_s. The lander's pose is what the map tells of it,
    with one sigma of each axis and of the heading; 0 where nothing is said. At each target neutrons are counted for
    `scan_min_s` at least, or for as long as the mission does by itself.
    """

    name: str
    frame: SiteFrame
    dem: HeightField
    horizon: HorizonMap
    permanent_shadow: npt.NDArray[np.bool_] | None
    lander: Pose2
    havens: tuple[Haven, ...]
    targets: tuple[Target, ...]
    start_utc_s: float
    utc_offset_s: float
    far: HeightField | None = None
    lander_sigma_m: float = 0.0
    lander_sigma_rad: float = 0.0
    scan_min_s: float = 0.0


def utc_seconds(text: str) -> float:
    """Return Unix seconds of an ISO 8601 UTC time such as 2028-11-20T00:00:00Z. Raises ValueError without a zone."""
    time = datetime.datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"'{text}' names no time zone; write UTC as 2028-11-20T00:00:00Z")
    return time.timestamp()


def utc_text(utc_s: float) -> str:
    """Return the ISO 8601 text of Unix seconds, to the second when they are whole."""
    time = datetime.datetime.fromtimestamp(utc_s, tz=datetime.UTC)
    return time.isoformat().replace("+00:00", "Z")


def open_site(directory: Path) -> OrbitalSite:
    """Open the orbital product of a site; raises SiteError with one sentence naming the file and key at fault."""
    directory = Path(directory)
    if not directory.is_dir():
        raise SiteError(f"{directory}: is no directory; make the world first with 'prepare_world'")
    source = directory / SITE_FILE
    try:
        values = dict(read_yaml(source))
        havens = _records(Haven, values, "havens", source)
        targets = _records(Target, values, "targets", source)
        site = from_mapping(_SiteFile, values, str(source))
        start_utc_s = _start(site.start_utc, source)
    except ConfigurationError as error:
        raise SiteError(str(error)) from error
    if start_utc_s < site.utc_offset_s:
        raise SiteError(f"{source}: start_utc lies before utc_offset_s, so ROS time would start below zero")
    frame = SiteFrame(
        math.radians(site.origin.latitude_deg), math.radians(site.origin.longitude_deg), site.origin.height_m
    )
    dem = read_dem(directory / DEM_FILE, frame)
    if not bool(dem.contains(site.lander.x_m, site.lander.y_m)):
        raise SiteError(f"{source}: the lander stands outside {DEM_FILE}")
    far = directory / FAR_FILE
    horizon = HorizonMap.open(directory / HORIZON_DIRECTORY)
    return OrbitalSite(
        name=site.name,
        frame=frame,
        dem=dem,
        horizon=horizon,
        permanent_shadow=_shadow(directory / SHADOW_FILE, horizon),
        lander=site.lander,
        havens=havens,
        targets=targets,
        start_utc_s=start_utc_s,
        utc_offset_s=site.utc_offset_s,
        far=read_dem(far, frame) if far.exists() else None,
        lander_sigma_m=site.lander_sigma_m,
        lander_sigma_rad=site.lander_sigma_rad,
        scan_min_s=site.scan_min_s,
    )


def write_site(directory: Path, site: OrbitalSite) -> None:
    """Write the orbital product of a site into a directory, which is made if absent.

    The caller gives a temporary directory and renames it when all is written. open_site returns the same site, with
    heights rounded to float32 above the sphere.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    write_dem(directory / DEM_FILE, site.dem, site.frame)
    if site.far is not None:
        write_dem(directory / FAR_FILE, site.far, site.frame)
    site.horizon.save(directory / HORIZON_DIRECTORY)
    if site.permanent_shadow is not None:
        np.save(directory / SHADOW_FILE, site.permanent_shadow.astype(np.bool_))
    values: dict[str, Any] = {
        "name": site.name,
        "origin": {
            "latitude_deg": math.degrees(site.frame.latitude_rad),
            "longitude_deg": math.degrees(site.frame.longitude_rad),
            "height_m": float(site.frame.height_m),
        },
        "start_utc": utc_text(site.start_utc_s),
        "utc_offset_s": float(site.utc_offset_s),
        "lander": asdict(site.lander),
        "lander_sigma_m": float(site.lander_sigma_m),
        "lander_sigma_rad": float(site.lander_sigma_rad),
        "scan_min_s": float(site.scan_min_s),
        "havens": [asdict(haven) for haven in site.havens],
        "targets": [asdict(target) for target in site.targets],
    }
    (directory / SITE_FILE).write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


def _records(cls: type[Any], values: dict[str, Any], key: str, source: Path) -> tuple[Any, ...]:
    if key not in values:
        raise ConfigurationError(f"{source}: key '{key}' is missing; it takes a list")
    entries = values.pop(key)
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise ConfigurationError(f"{source}: '{key}' must be a list")
    if not all(isinstance(entry, Mapping) for entry in entries):
        raise ConfigurationError(f"{source}: each entry of '{key}' must be a section of keys and values")
    return tuple(from_mapping(cls, entry, f"{source}: {key}[{index}]") for index, entry in enumerate(entries))


def _start(text: str, source: Path) -> float:
    try:
        return utc_seconds(text)
    except ValueError as error:
        raise ConfigurationError(f"{source}: 'start_utc' is no UTC time like 2028-11-20T00:00:00Z ({error})") from error


def _shadow(path: Path, horizon: HorizonMap) -> npt.NDArray[np.bool_] | None:
    if not path.exists():
        return None
    try:
        shadow = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise SiteError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    if shadow.dtype != np.bool_ or shadow.shape != horizon.shape:
        raise SiteError(f"{path}: must be a mask of shape {horizon.shape}, is {shadow.dtype} of shape {shadow.shape}")
    return np.asarray(shadow)
