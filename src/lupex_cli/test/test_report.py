# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import shutil

import pytest
from rosbags.rosbag2 import StoragePlugin, Writer

from lupex_cli import report
from lupex_system_tests.report_page import read_page


def test_without_out_it_lies_beside_the_bag(small_bag, tmp_path):
    assert report.main([str(small_bag)]) == 0
    assert (tmp_path / "run" / "report.html").exists()


def test_a_bag_cut_short_is_reported_and_said(sortie_bag, tmp_path, capsys):
    bag = shutil.copytree(sortie_bag, tmp_path / "bag")
    (bag / "metadata.yaml").unlink()
    file = next(bag.glob("*.mcap"))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert report.main([str(bag), "--out", str(tmp_path / "out")]) == 0
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
    assert report.main([str(tmp_path / "foreign"), "--out", str(tmp_path / "out")]) == 0
    assert "outcome" not in capsys.readouterr().out
    page = read_page(tmp_path / "out" / "report.html")
    # a page of what there is: when the one topic spoke
    assert "Not drawn" not in page.text
    assert page.tags.count("svg") == 1
    assert "/chatter" in page.text


@pytest.mark.parametrize("content", [None, b"", b"not a bag"])
def test_no_bag_is_one_sentence_and_nothing_is_written(tmp_path, capsys, content):
    bag = tmp_path / "bag"
    if content is not None:
        bag.mkdir()
        (bag / "bag_0.mcap").write_bytes(content)
    assert report.main([str(bag), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_one_sentence(small_bag, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert report.main([str(small_bag), "--out", str(tmp_path / "file" / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err
