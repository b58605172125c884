# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from lupex_models.horizon import compute_horizon
from lupex_models.site import (
    Haven,
    HeightField,
    OrbitalSite,
    Pose2,
    SiteError,
    SiteFrame,
    Target,
    open_site,
    utc_seconds,
    utc_text,
    write_site,
)

START_S = utc_seconds("2028-10-08T00:00:00Z")


@pytest.fixture
def site() -> OrbitalSite:
    frame = SiteFrame(math.radians(-89.4389), math.radians(222.869), 1902.8)
    x = np.linspace(-1.0, 1.0, 41)
    dem = HeightField(20.0 * (x[None, :] ** 2 + x[:, None]), -100.0, -100.0, 5.0)
    far = HeightField(np.full((5, 5), -300.0), -3200.0, -3200.0, 1600.0)
    horizon = compute_horizon(dem, [far], 8, 1.5, observer_cell_m=20.0, far_lattice_cells=3)
    return OrbitalSite(
        name="bowl",
        frame=frame,
        dem=dem,
        horizon=horizon,
        permanent_shadow=np.arange(horizon.shape[0] * horizon.shape[1]).reshape(horizon.shape) % 2 == 0,
        lander=Pose2(0.0, 0.0, 1.25),
        havens=(Haven(10.0, -20.0, 5.0), Haven(40.0, 0.0, 3.0)),
        targets=(Target(-30.0, 30.0, "crater floor"),),
        start_utc_s=START_S,
        utc_offset_s=START_S - 1000.0,
        far=far,
    )


def test_written_site_comes_back(tmp_path, site):
    write_site(tmp_path / "orbital", site)
    back = open_site(tmp_path / "orbital")
    for name in ("name", "lander", "havens", "targets", "start_utc_s", "utc_offset_s"):
        assert getattr(back, name) == getattr(site, name)
    assert back.frame.latitude_rad == pytest.approx(site.frame.latitude_rad, abs=1e-15)
    # float32 of heights above the sphere.
    assert np.allclose(back.dem.heights_m, site.dem.heights_m, atol=2.5e-4)
    assert np.array_equal(back.horizon.counts, site.horizon.counts)
    assert back.horizon.key == site.horizon.key
    assert np.array_equal(back.permanent_shadow, site.permanent_shadow)
    assert back.far.shape == site.far.shape


def test_shadow_and_far_field_may_be_absent(tmp_path, site):
    write_site(tmp_path, replace(site, permanent_shadow=None, far=None))
    back = open_site(tmp_path)
    assert back.permanent_shadow is None
    assert back.far is None


def test_how_well_the_lander_is_known_comes_back_and_older_sites_say_nothing_of_it(tmp_path, site):
    write_site(tmp_path / "told", replace(site, lander_sigma_m=12.5, lander_sigma_rad=0.04, scan_min_s=900.0))
    found = open_site(tmp_path / "told")
    assert (found.lander_sigma_m, found.lander_sigma_rad, found.scan_min_s) == (12.5, 0.04, 900.0)
    file = tmp_path / "told" / "site.yaml"
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    del values["lander_sigma_m"], values["lander_sigma_rad"], values["scan_min_s"]
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    older = open_site(tmp_path / "told")
    assert (older.lander_sigma_m, older.lander_sigma_rad, older.scan_min_s) == (0.0, 0.0, 0.0)


def change(directory: Path, **values: object) -> None:
    path = directory / "site.yaml"
    content = yaml.safe_load(path.read_text())
    for key, value in values.items():
        if value is None:
            del content[key]
        else:
            content[key] = value
    path.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"colour": "grey"}, "unknown key 'colour'"),
        ({"lander_sigma_m": -1.0}, "'lander_sigma_m'"),
        ({"start_utc": None}, "'start_utc' is missing"),
        ({"havens": None}, "'havens' is missing"),
        ({"origin": None}, "'origin.latitude_deg' is missing"),
        ({"havens": "here"}, "'havens' must be a list"),
        ({"targets": ["there"]}, "each entry of 'targets'"),
        ({"targets": [{"x_m": 1.0, "y_m": 2.0}]}, r"targets\[0\].*'name' is missing"),
        ({"havens": [{"x_m": 1.0, "y_m": 2.0, "radius_m": -1.0}]}, "radius_m.*takes a number from 0.1"),
        ({"origin": {"latitude_deg": -45.0, "longitude_deg": 0.0, "height_m": 0.0}}, "latitude_deg.*up to -60"),
        ({"lander": {"x_m": 900.0, "y_m": 0.0, "yaw_rad": 0.0}}, "outside dem.tif"),
        ({"lander_sigma_m": -1.0}, "lander_sigma_m.*from 0"),
        ({"start_utc": "soon"}, "no UTC time"),
        ({"start_utc": "2028-10-08T00:00:00"}, "time zone"),
        ({"utc_offset_s": START_S + 1.0}, "below zero"),
    ],
)
def test_a_wrong_site_file_is_refused_in_one_sentence(tmp_path, site, values, sentence):
    write_site(tmp_path, site)
    change(tmp_path, **values)
    with pytest.raises(SiteError, match=sentence) as refusal:
        open_site(tmp_path)
    assert "site.yaml" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_directory_or_file_is_refused(tmp_path, site):
    with pytest.raises(SiteError, match="prepare_world"):
        open_site(tmp_path / "nowhere")
    with pytest.raises(SiteError, match=r"site\.yaml"):
        open_site(tmp_path)
    write_site(tmp_path, site)
    (tmp_path / "dem.tif").unlink()
    with pytest.raises(SiteError, match=r"dem\.tif"):
        open_site(tmp_path)


def test_a_damaged_horizon_is_refused(tmp_path, site):
    write_site(tmp_path, site)
    path = tmp_path / "horizon" / "elevation.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SiteError, match="no readable horizon map"):
        open_site(tmp_path)
    np.save(path, np.zeros((3, 3)))
    with pytest.raises(SiteError, match="must be int16"):
        open_site(tmp_path)
    path.write_bytes(whole)
    meta = tmp_path / "horizon" / "horizon.json"
    meta.write_text(json.dumps({**json.loads(meta.read_text()), "cell_m": -1.0}))
    with pytest.raises(SiteError, match="cell_m"):
        open_site(tmp_path)


def test_a_damaged_shadow_is_refused(tmp_path, site):
    write_site(tmp_path, site)
    np.save(tmp_path / "permanent_shadow.npy", np.zeros((2, 2), dtype=np.bool_))
    with pytest.raises(SiteError, match="must be a mask"):
        open_site(tmp_path)
    (tmp_path / "permanent_shadow.npy").write_bytes(b"shadow")
    with pytest.raises(SiteError, match="cannot be read"):
        open_site(tmp_path)


def test_utc_text_round_trip():
    assert START_S == 1854576000.0
    assert utc_text(START_S) == "2028-10-08T00:00:00Z"
    assert utc_seconds("2028-10-08T02:00:00+02:00") == START_S
