# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

from lupex_analysis import report_cli
from lupex_analysis.figures.style import MOST_POINTS, thinned
from lupex_analysis.sortie import extract
from lupex_recorder.config import Limits
from lupex_recorder.recorder import Recorder

FIGURES = 8


class Page(HTMLParser):
    """Collect what a page refers to and its text."""

    def __init__(self):
        super().__init__()
        self.references = []
        self.tags = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.references += [value for name, value in attributes if name in ("src", "href", "xlink:href") and value]

    def handle_data(self, data):
        self.text += data


def read_page(path):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def test_the_report_is_complete_in_itself(sortie_bag, tmp_path):
    assert report_cli.main([str(sortie_bag), "--out", str(tmp_path / "out")]) == 0
    path = tmp_path / "out" / "report.html"
    page = read_page(path)
    assert path.stat().st_size < 5e6
    assert page.tags.count("svg") == FIGURES
    assert all(reference.startswith(("#", "data:")) for reference in page.references)
    assert "<script" not in path.read_text(encoding="utf-8")
    for text in ("Success", "Sortie in ridge, seed 7", "node_lost", "/truth/state", "639 m", "4.3 ± 0.1 %"):
        assert text in page.text
    assert "Not drawn" not in page.text
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["outcome"] == "success"


@pytest.fixture
def small_bag(store, synthetic, tmp_path):
    recorder = Recorder(tmp_path / "run" / "bag", Limits(free_mb=0.0))
    synthetic.Tape(store, recorder).put("/truth/state", synthetic.lupex("WorldTruth"), 1001.0)
    recorder.close()
    return tmp_path / "run" / "bag"


def test_the_same_bag_gives_the_same_report(small_bag, tmp_path):
    pages = []
    for name in ("a", "b"):
        report_cli.write_report(small_bag, tmp_path / name)
        pages.append((tmp_path / name / "report.html").read_text())
    assert pages[0] == pages[1]


def test_without_out_it_lies_beside_the_bag(small_bag, tmp_path):
    assert report_cli.main([str(small_bag)]) == 0
    assert (tmp_path / "run" / "report.html").exists()


def test_a_bag_cut_short_is_reported_and_said(sortie_bag, tmp_path, capsys):
    bag = shutil.copytree(sortie_bag, tmp_path / "bag")
    (bag / "metadata.yaml").unlink()
    file = next(bag.glob("*.mcap"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert report_cli.main([str(bag), "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "as far as it goes" in told
    assert "outcome: unfinished" in told
    assert "metadata.yaml was missing" in told
    assert (bag / "metadata.yaml").exists()
    page = read_page(tmp_path / "out" / "report.html")
    assert "The recording is not whole." in page.text
    assert page.tags.count("svg") >= 4


def test_a_foreign_bag_says_what_is_missing(store, tmp_path, capsys):
    with Writer(tmp_path / "foreign", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        kind = "std_msgs/msg/String"
        connection = writer.add_connection("/chatter", kind, typestore=store)
        writer.write(connection, 5, store.serialize_cdr(store.types[kind](data="<b>"), kind))
    assert report_cli.main([str(tmp_path / "foreign"), "--out", str(tmp_path / "out")]) == 0
    assert "not judged: the recording holds no /truth/state" in capsys.readouterr().out
    page = read_page(tmp_path / "out" / "report.html")
    assert page.text.count("Not drawn") == FIGURES
    assert "/chatter" in page.text


@pytest.mark.parametrize("content", [None, b"", b"not a bag"])
def test_no_bag_is_one_sentence_and_nothing_is_written(tmp_path, capsys, content):
    bag = tmp_path / "bag"
    if content is not None:
        bag.mkdir()
        (bag / "bag_0.mcap").write_bytes(content)
    assert report_cli.main([str(bag), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_one_sentence(small_bag, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert report_cli.main([str(small_bag), "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_failed_write_leaves_no_half_file(small_bag, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lupex_recorder.metadata.os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        report_cli.write_report(small_bag, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "topics",
    [
        ("WorldTruth", "/truth/state"),
        ("PowerStatus", "/power/status"),
        ("MissionStatus", "/mission/status"),
        ("DrillRig", "/drill/rig"),
        ("NeutronCounts", "/neutron/counts"),
        ("ReturnCertificate", "/plan/certificate"),
    ],
)
def test_one_message_of_one_topic_is_enough_for_a_page(store, synthetic, tmp_path, topics):
    recorder = Recorder(tmp_path / "bag", Limits(free_mb=0.0))
    synthetic.Tape(store, recorder).put(topics[1], synthetic.lupex(topics[0]), 1001.0)
    recorder.close()
    report_cli.write_report(tmp_path / "bag", tmp_path / "out")
    assert (tmp_path / "out" / "report.html").stat().st_size > 1000


def test_the_site_map_stands_the_right_way_up(sortie_bag, synthetic):
    from lupex_analysis.reading import read_recording

    recording = read_recording(sortie_bag, ("/site/map",))
    layer = extract(recording).layers["permanent_shadow"]
    x, y = np.meshgrid(layer.x_m, layer.y_m)
    shadow = layer.values > 0.5
    assert x[shadow].mean() == pytest.approx(250, abs=5)
    assert y[shadow].mean() == pytest.approx(-190, abs=5)
    message = recording.messages["/site/map"][0]
    rows = len(layer.x_m)
    for data in message.data:
        data.data = np.roll(data.data.reshape(rows, rows), (3, 5), (0, 1)).reshape(-1)
    message.inner_start_index, message.outer_start_index = 3, 5
    np.testing.assert_array_equal(extract(recording).layers["permanent_shadow"].values, layer.values)


def test_long_lines_are_thinned_with_their_end():
    rows = np.arange(10 * MOST_POINTS + 3)
    (short,) = thinned(rows)
    assert len(short) <= MOST_POINTS + 1
    assert short[-1] == rows[-1]
