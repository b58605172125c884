# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks run in their reduced form, without a network, and say what is missing."""

import importlib
import json
import math
import os
import subprocess
import sys

import pytest

NAMES = {"horizon_wall_s", "horizon_rms_deg", "horizon_bias_deg", "horizon_memory_mb"} | {
    *("light_frame_ms", "light_14d_s", "rays_per_s", "rays_brute_mismatches", "kernel_start_s")
}
PEER_NAMES = {"horizon_vs_topocalc", "rays_vs_mujoco"}


def bench(repository, cache, *arguments):
    # Nobody listens on this port: the index cannot be reached, whatever the machine's own settings are.
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    home = {"XDG_CACHE_HOME": str(cache), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return subprocess.run(
        [sys.executable, str(repository / "benchmarks" / "run.py"), *arguments],
        env={**environment, **offline, **home},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def quick_run(repository, tmp_path_factory):
    base = tmp_path_factory.mktemp("bench")
    done = bench(
        repository, base / "cache", "models", "--quick", "--seed", "7",
        "--json", str(base / "out" / "figures.json"), "--report", str(base / "out" / "page.md"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return base, done, json.loads((base / "out" / "figures.json").read_text())


def test_json_carries_figures_peers_machine_commit_and_rows(quick_run):
    _, _, found = quick_run
    assert set(found) == {
        *("benchmark", "date", "quick", "seed", "figures", "peers", "machine", "commit", "rows"),
    }
    assert (found["benchmark"], found["quick"], found["seed"]) == ("models", True, 7)
    assert set(found["figures"]) >= NAMES
    assert all(isinstance(value, float) and math.isfinite(value) for value in found["figures"].values())
    assert found["commit"]
    assert found["machine"]["cores"] >= 1
    for name, rows in found["rows"].items():
        assert rows, name
        assert all(isinstance(row, dict) for row in rows), name
    assert all(row["wall_s"] > 0.0 and row["cpu_s"] > 0.0 for row in found["rows"]["horizon_times"])


def test_figures_are_those_of_the_rows(quick_run):
    _, _, found = quick_run
    figures, rows = found["figures"], found["rows"]
    assert figures["horizon_wall_s"] == min(row["wall_s"] for row in rows["horizon_times"])
    errors = [row["error_deg"] for row in rows["horizon_errors"]]
    assert figures["horizon_rms_deg"] == pytest.approx(math.sqrt(sum(e * e for e in errors) / len(errors)))
    assert figures["horizon_pairs"] == len(errors)
    lidar = [row for row in rows["rays_times"] if row["kind"] == "lidar"]
    assert figures["rays_per_s"] == pytest.approx(max(row["rays"] / row["cpu_s"] for row in lidar))


def test_what_is_measured_is_true(quick_run):
    figures = quick_run[2]["figures"]
    assert figures["rays_brute_mismatches"] == 0
    # The bound that the models are held to; 200 pairs in the reduced form.
    assert figures["horizon_rms_deg"] < 0.1
    # A frame reads the disc from a table of 4096 steps.
    assert figures["light_largest_error"] < 1e-4


def test_without_a_network_each_peer_is_missed_in_one_sentence(quick_run):
    base, done, found = quick_run
    for peer in ("topocalc", "mujoco"):
        lines = [line for line in done.stdout.splitlines() if f"runs without {peer}" in line]
        assert len(lines) == 1
        assert "the Python package index cannot be reached: connect to the network" in lines[0]
    assert found["peers"] == {}
    assert not PEER_NAMES & set(found["figures"])
    assert list((base / "cache" / "lupex").iterdir()) == []


def test_table_and_page_hold_every_figure(quick_run):
    base, done, found = quick_run
    page = (base / "out" / "page.md").read_text()
    for name in found["figures"]:
        assert f"\n{name} " in done.stdout
        assert f"| {name} | " in page
    assert found["commit"] in page
    assert sorted(path.name for path in (base / "out").iterdir()) == ["figures.json", "page.md"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["moddels"], "there is no benchmark 'moddels'; there are "),
        (["models/horizons"], "there is no benchmark 'models/horizons'; there are "),
        (["models", "--data", "/nowhere"], "/nowhere does not hold dem/site01_16km_5m.tif."),
        (["models", "--seed", "-1"], "--seed must not be negative."),
    ],
)
def test_a_mistaken_command_is_one_sentence(repository, tmp_path, arguments, sentence):
    done = bench(repository, tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"lupex bench: {sentence}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_without_a_name_the_benchmarks_are_listed(repository, tmp_path):
    done = bench(repository, tmp_path)
    assert done.returncode == 0
    first = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [name for name in first if name.startswith("models")] == [
        *("models", "models/horizon", "models/light", "models/rays", "models/kernels"),
    ]


@pytest.fixture
def peers(repository, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(repository))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    module = importlib.import_module("benchmarks.peers")
    monkeypatch.setattr(module, "LOCKS", tmp_path / "locks")
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "abacus.txt").write_text("abacus==1.0 --hash=sha256:00\n")
    return module


def fake_pip(calls, fail_on=None):
    def pip(name, lock, target, environment, *options):
        calls.append((lock.name, environment.get("PYTHONPATH", "")))
        target.mkdir(parents=True)
        (target / "abacus.py").write_text("BEADS = 7\n")
        if lock.name == fail_on:
            raise sys.modules["benchmarks.peers"].PeerError("abacus could not be had.")

    return pip


def test_a_peer_is_installed_once_whole_with_its_build_tools_apart(peers, tmp_path, monkeypatch):
    calls, said = [], []
    monkeypatch.setattr(peers, "_pip", fake_pip(calls))
    (tmp_path / "locks" / "abacus.build.txt").write_text("carpenter==2.0 --hash=sha256:00\n")
    where = peers.install("abacus", said.append)
    assert where == peers.directory_of("abacus") == peers.install("abacus", said.append)
    assert [name for name, _ in calls] == ["abacus.build.txt", "abacus.txt"]
    assert "/build" in calls[1][1]
    assert [path.name for path in (tmp_path / "lupex").iterdir()] == [where.name]
    assert [path.name for path in where.iterdir()] == ["abacus.py"]
    assert len(said) == 1


def test_a_failed_installation_leaves_nothing_and_is_said_once(peers, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(peers, "_pip", fake_pip([], fail_on="abacus.txt"))
    found = peers.Peers(said.append)
    assert found("abacus") is None
    assert found("abacus") is None
    assert said[1:] == ["abacus could not be had. The benchmark runs without abacus."]
    assert list((tmp_path / "lupex").iterdir()) == []


def test_the_quicker_of_two_installations_is_taken(peers, monkeypatch):
    def overtaken(name, lock, target, environment, *options):
        target.mkdir(parents=True)
        peers.directory_of(name).mkdir()
        (peers.directory_of(name) / "abacus.py").write_text("BEADS = 10\n")

    monkeypatch.setattr(peers, "_pip", overtaken)
    assert (peers.install("abacus", print) / "abacus.py").read_text() == "BEADS = 10\n"


def test_a_new_lock_is_a_new_directory(peers, tmp_path):
    before = peers.directory_of("abacus")
    (tmp_path / "locks" / "abacus.txt").write_text("abacus==1.1 --hash=sha256:00\n")
    assert peers.directory_of("abacus") != before


def test_a_peer_that_cannot_be_imported_names_its_directory(peers, monkeypatch):
    def broken(name, lock, target, environment, *options):
        target.mkdir(parents=True)
        (target / "abacus.py").write_text("import beads_that_nobody_has\n")

    monkeypatch.setattr(peers, "_pip", broken)
    said = []
    assert peers.Peers(said.append)("abacus") is None
    assert "cannot be imported" in said[-1]
    assert str(peers.directory_of("abacus")) in said[-1]


def test_an_unknown_peer_and_a_missing_home_are_said(peers, monkeypatch):
    said = []
    assert peers.Peers(said.append)("slide_rule") is None
    assert "There is no peer 'slide_rule'" in said[0]
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    with pytest.raises(peers.PeerError, match="Neither HOME nor XDG_CACHE_HOME"):
        peers.cache_directory()


def test_every_lock_pins_a_version_and_its_hashes(repository):
    locks = sorted((repository / "benchmarks" / "locks").glob("*.txt"))
    assert {path.name for path in locks} >= {"mujoco.txt", "topocalc.txt"}
    for path in locks:
        text = path.read_text().replace("\\\n", " ")
        for line in (line for line in text.splitlines() if line and not line.startswith("#")):
            assert "==" in line.split()[0], f"{path.name}: {line}"
            assert "--hash=sha256:" in line, f"{path.name}: {line}"


def test_generated_relief_stands_in_for_the_public_data(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository))
    ground = importlib.import_module("benchmarks.models.ground")
    measuring = importlib.import_module("benchmarks.measuring")
    context = measuring.Context(3, None, True, lambda name: None, print)
    fields = ground.fields(context)
    assert fields.near.shape == (120, 120)
    assert fields.source == "generated fractal relief"
    assert fields is ground.fields(context)
    x_min, _, x_max, _ = fields.far[-1].bounds_m
    assert min(-x_min, x_max) > 150_000.0
