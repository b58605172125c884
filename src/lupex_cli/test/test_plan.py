# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""`lupex plan` over a flat site, lit in the west and dark in the east for ever; each mistake is one sentence."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lupex_cli import plan
from lupex_cli.planned_sortie import UnplannableError, planned_sortie, settings
from lupex_models.configuration import ConfigurationError
from lupex_models.height_field import HeightField
from lupex_models.horizon import HorizonMap
from lupex_models.site import Haven, OrbitalSite, Pose2, Target, open_site, utc_seconds, write_site
from lupex_models.site_frame import SiteFrame

ROOT = Path(__file__).resolve().parents[3]
START = "2028-10-13T12:00:00Z"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("world")
    counts = np.full((36, 20, 20), -300, np.int16)
    counts[:, :, 12:] = 2000
    start_s = utc_seconds(START)
    site = OrbitalSite(
        "plain",
        SiteFrame(math.radians(-89.5), 0.0, 0.0),
        HeightField(np.zeros((60, 60), np.float32), -150.0, -150.0, 5.0),
        HorizonMap(counts, -190.0, -190.0, 20.0, 1.5),
        counts[0] > 0,
        Pose2(0.0, 0.0, 0.0),
        (Haven(0.0, 0.0, 10.0),),
        (Target(80.0, 0.0, "dark"),),
        start_s,
        start_s - 1000.0,
    )
    write_site(directory / "orbital", site)
    return directory


def on_an_exact_map(*asked):
    """Return the settings of the nodes for a map that does not err, as this site's."""
    config, work = settings(*asked)
    return replace(config, map_error=replace(config.map_error, members=0)), work


@pytest.fixture
def run(world, tmp_path, monkeypatch, capsys):
    """Run the command on the flat site; returns exit code, what was said, what was complained of, and the directory."""
    monkeypatch.setattr(plan, "prepare_world", lambda *arguments, **keywords: world)
    monkeypatch.setattr(plan, "PICTURE_DPI", 30)
    monkeypatch.setattr("lupex_cli.planned_sortie.settings", on_an_exact_map)

    def run(*words):
        out = tmp_path / "out"
        code = plan.main(["--world", "plain", "--out", str(out), "--hours", "8", *words])
        told = capsys.readouterr()
        return code, told.out, told.err, out

    return run


def test_a_plan_is_told_drawn_and_recorded(run):
    code, told, _, out = run("--targets", "80,0,1800,50", "-40,-20,600", "--start", START, "--charge", "60%")
    assert code == 0
    assert sorted(path.name for path in out.iterdir()) == ["plan.json", "plan.png"]
    assert (out / "plan.png").read_bytes().startswith(b"\x89PNG")
    made = json.loads((out / "plan.json").read_text())
    assert made["feasible"]
    assert made["world"] == "plain"
    assert made["start"] == {"utc": START, "x_m": 0.0, "y_m": 0.0, "energy_wh": 1500.0, "soc": 0.6}
    assert [(t["x_m"], t["y_m"], t["service_s"], t["service_power_w"]) for t in made["targets"]] == [
        (80.0, 0.0, 1800.0, 50.0),
        (-40.0, -20.0, 600.0, 80.0),
    ]
    for target in made["targets"]:
        stay_s = utc_seconds(target["end_utc"]) - utc_seconds(target["begin_utc"])
        assert stay_s == pytest.approx(target["service_s"], abs=1.0)
    points = made["waypoints"]
    assert points[0]["activity"] == "start"
    assert {point["activity"] for point in points} >= {"start", "drive", "service", "recharge"}
    margins = [point["energy_wh"] - point["required_wh"] for point in points]
    assert made["smallest_margin_wh"] <= min(margins) + 0.1
    assert made["smallest_margin_wh"] > 0.0
    assert made["dark_s"] > 1800.0
    assert made["distance_m"] > 2 * 80.0 + 80.0
    assert made["turn_back_utc"] == made["targets"][1]["end_utc"]
    assert utc_seconds(made["turn_back_by_utc"]) > utc_seconds(made["turn_back_utc"])
    assert utc_seconds(made["home_utc"]) <= utc_seconds(made["end_utc"])
    for text in ("leaves", "target 2", "at the latest", "in the haven", "in darkness", str(out / "plan.png")):
        assert text in told


def test_order_objective_and_deadline_are_asked_for(run):
    # out to the far one first is the longer way when the near one lies on the way home
    words = ("--targets", "-100,0,60", "40,0,60", "-60,0,60")
    code, _, _, out = run(*words)
    given = json.loads((out / "plan.json").read_text())
    assert code == 0
    assert (given["order"], given["objective"]) == ([0, 1, 2], "least-time")
    assert given["gap"] >= 0.0
    home_s = utc_seconds(given["home_utc"]) - utc_seconds(START)
    assert given["cost"] == pytest.approx(home_s, abs=1.0)
    code, _, _, out = run(*words, "--any-order", "--objective", "least-energy")
    free = json.loads((out / "plan.json").read_text())
    assert code == 0
    assert sorted(free["order"]) == [0, 1, 2]
    assert free["order"] != [0, 1, 2]
    assert free["objective"] == "least-energy"
    assert free["distance_m"] < given["distance_m"]
    code, told, _, _ = run(*words, "--deadline", "2028-10-13T12:10:00Z")
    assert code == 1
    assert "deadline" in told


def test_the_earth_must_be_in_view_where_asked(run):
    # the skyline of the east hides the Earth as it hides the Sun
    assert run("--targets", "80,0,600", "--earth", "work")[0] == 1
    code, told, _, _ = run("--targets", "80,0,600", "--earth", "always")
    assert code == 1
    assert "Earth" in told


def test_the_worlds_own_target_start_and_charge_are_the_defaults(run):
    code, _, _, out = run()
    made = json.loads((out / "plan.json").read_text())
    assert code == 0
    assert made["start"]["utc"] == START
    assert made["start"]["soc"] == 0.6
    assert [(target["x_m"], target["service_s"]) for target in made["targets"]] == [(80.0, 3600.0)]


def test_the_start_may_lie_elsewhere_and_at_another_time(run):
    code, _, _, out = run("--from", "-50,10", "--start", "2026-01-02T03:04:05Z", "--charge", "2000Wh")
    made = json.loads((out / "plan.json").read_text())
    assert code == 0
    assert made["start"] == {"utc": "2026-01-02T03:04:05Z", "x_m": -50.0, "y_m": 10.0, "energy_wh": 2000.0, "soc": 0.8}
    assert made["waypoints"][0]["x_m"] == -50.0


def test_no_plan_is_explained_and_recorded_too(run):
    run("--targets", "80,0,600")
    code, told, _, out = run("--targets", "80,0,600", "--charge", "10%")
    made = json.loads((out / "plan.json").read_text())
    assert code == 1
    assert not made["feasible"]
    assert made["explanation"] in told
    assert told.startswith("no plan: ")
    assert made["waypoints"] == []
    for key in ("haven", "home_utc", "turn_back_by_utc", "smallest_margin_wh", "distance_m"):
        assert made[key] is None
    assert made["targets"][0]["begin_utc"] is None
    assert (out / "plan.png").exists()


def keys(value, found):
    if isinstance(value, dict):
        for key, item in value.items():
            found.add(key)
            keys(item, found)
    elif isinstance(value, list):
        for item in value:
            keys(item, found)
    return found


def test_every_key_of_the_record_is_described(run):
    _, _, _, out = run("--targets", "80,0,600")
    text = (ROOT / "docs" / "planning.md").read_text(encoding="utf-8")
    section = text.partition("## `./lupex plan`")[2].partition("\n## ")[0]
    described = set(
        "".join(character if character.isalnum() or character == "_" else " " for character in section).split()
    )
    assert keys(json.loads((out / "plan.json").read_text()), set()) <= described


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--targets", "80"], "--targets holds '80' but takes X,Y[,SERVICE_S[,POWER_W]], as 134,112,3600"),
        (["--targets", "a,b"], "--targets holds 'a,b' but takes"),
        (["--targets", "1,2,3,4,5"], "--targets holds '1,2,3,4,5' but takes"),
        (["--targets", "nan,0"], "--targets holds 'nan,0' but takes"),
        (["--targets", "80,0,-5"], "--targets holds '80,0,-5': a stay and its load cannot be negative"),
        (["--targets", "-9000,0"], "target 1 at -9000,0 lies outside the map of plain, which reaches from -150,-150"),
        (["--from", "0,151"], "the start at 0,151 lies outside the map of plain"),
        (["--from", "1,2,3"], "--from holds '1,2,3' but takes X,Y,"),
        (["--start", "tomorrow"], "--start is 'tomorrow' but takes a UTC time like 2028-10-13T12:00:00Z"),
        (["--start", "2028-10-13T12:00:00"], "--start is '2028-10-13T12:00:00' but takes a UTC time"),
        (["--deadline", "soon"], "--deadline is 'soon' but takes a UTC time like"),
        (["--deadline", "2028-10-13T11:00:00Z"], "--deadline is '2028-10-13T11:00:00Z' but must lie after the start"),
        (["--start", "1999-10-13T12:00:00Z"], "--start lies outside 2024 to 2045"),
        (["--start", "2046-01-01T00:00:00Z"], "--start lies outside 2024 to 2045"),
        (
            ["--charge", "full"],
            "--charge is 'full' but takes a share as 0.6 or 60%, or energy as 1500Wh, up to 2500 Wh",
        ),
        (["--charge", "0"], "--charge is '0' but takes"),
        (["--charge", "1.2.3"], "--charge is '1.2.3' but takes"),
        (["--charge", "101%"], "--charge is '101%' but takes"),
        (["--charge", "2501"], "--charge is '2501' but takes"),
        (["--hours", "0.5"], "--hours is 0.5 but takes 1 up to 400"),
        (["--hours", "nan"], "--hours is nan but takes 1 up to 400"),
        (["--world", "nowhere"], "there is no world 'nowhere' in "),
        (["--world", "/no/recipe.yaml"], "/no/recipe.yaml: there is no such recipe of a world"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(run, words, sentence):
    code, told, complained, out = run(*words)
    assert code == 2
    assert told == ""
    assert complained.startswith("lupex plan: " + sentence)
    assert complained.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "charge_wh"),
    [(None, 1500.0), ("1", 2500.0), ("0.5", 1250.0), ("50 %", 1250.0), ("1.5", 1.5), ("900", 900.0), ("900wh", 900.0)],
)
def test_a_charge_up_to_one_is_a_share(text, charge_wh):
    assert plan._charge(text, 0.6, 2500.0) == pytest.approx(charge_wh)


def test_an_output_that_cannot_be_made_is_one_sentence(run, tmp_path):
    (tmp_path / "out").write_text("")
    code, _, complained, _ = run("--targets", "80,0,600")
    assert code == 2
    assert "cannot be written" in complained.splitlines()[-1]


def test_where_the_record_cannot_be_written_the_picture_does_not_stay(run, monkeypatch):
    run("--targets", "80,0,600")
    whole = plan.write_atomically

    def full(path, content):
        if path.name == plan.RECORD:
            raise OSError(28, "No space left on device", str(path))
        whole(path, content)

    monkeypatch.setattr(plan, "write_atomically", full)
    code, _, complained, out = run("--targets", "80,0,600")
    assert code == 2
    assert "plan.json cannot be written: No space left on device" in complained
    assert list(out.iterdir()) == []


def test_an_interrupt_leaves_nothing(run, monkeypatch):
    def interrupted(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(plan, "prepare_world", interrupted)
    code, told, _, out = run()
    assert code == 130
    assert told == ""
    assert not out.exists()


@pytest.fixture(scope="module")
def asked(world):
    """Return a request, and what it is planned with."""
    from lupex_cli.planned_sortie import Request
    from lupex_models.rover import read_rover

    config, work = on_an_exact_map(ROOT / "config")
    request = Request("plain", 1, utc_seconds(START), (0.0, 0.0), 1500.0, (work.visit(80.0, 0.0),), 8 * 3600.0)
    return request, config, read_rover(ROOT / "config" / "rover.yaml"), open_site(world / "orbital")


def test_over_much_ground_slices_grow_longer_and_then_it_is_refused(asked, monkeypatch):
    request, config, rover, site = asked
    fine = planned_sortie(request, config, rover, site)
    assert fine.slice_s == config.recovery.slice_s
    monkeypatch.setattr("lupex_cli.planned_sortie.STATES_MAX", 3600 * 60)
    coarse = planned_sortie(request, config, rover, site)
    assert coarse.slice_s > fine.slice_s
    assert coarse.slices * coarse.slice_s >= 8 * 3600.0
    monkeypatch.setattr("lupex_cli.planned_sortie.STATES_MAX", 1000)
    with pytest.raises(UnplannableError, match="more than fit in memory: choose nearer targets or fewer --hours"):
        planned_sortie(request, config, rover, site)


def test_the_window_reaches_targets_beyond_the_nodes(asked):
    request, config, rover, site = asked
    narrow = replace(config, grid=replace(config.grid, size_max_m=100.0, pad_m=20.0))
    made = planned_sortie(request, narrow, rover, site)
    assert made.sortie.feasible


def test_the_plan_is_made_with_the_nodes_parameters(tmp_path):
    (tmp_path / "path_planning.yaml").write_text(
        "path_planning:\n  ros__parameters:\n    state_dir: /tmp\n    bound: {slip_quantile: 0.75}\n"
        "other:\n  ros__parameters:\n    nonsense: 1\n"
    )
    (tmp_path / "mission.yaml").write_text("/**:\n  ros__parameters:\n    service_s: 120.0\n    drill_power_w: 7.0\n")
    config, work = settings(tmp_path)
    assert config.bound.slip_quantile == 0.75
    assert (work.service_s, work.service_w) == (120.0, 7.0)
    assert work.visit(1.0, 2.0, 3.0).service_w == 7.0
    (tmp_path / "mission.yaml").write_text("mission:\n  ros__parameters:\n    servcie_s: 1.0\n")
    with pytest.raises(ConfigurationError, match=r"mission.yaml: unknown key 'servcie_s'"):
        settings(tmp_path)
