# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of fixed layout by columns, beside rosbags and mcap-ros2-support; and a whole report."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.measuring import ROOT, Asked, Context, Outcome, Row, best, run_child, timed
from lupex_analysis.cdr_columns import ColumnDecoder
from lupex_analysis.definitions import decoder_of, store_of
from lupex_analysis.raw_reading import open_raw
from lupex_analysis.report_files import write_report

ASKED = {"odometry_150k_s": Asked(1.0), "peak_mb": Asked(200.0), "decode_vs_rosbags": Asked(5.0, at_most=False)}

ODOMETRY = "nav_msgs/msg/Odometry"
_TOPIC = "/odom"
_PERIOD_S = 0.01
_WANTED = 150_000


def run(context: Context) -> Outcome:
    """Run all; the messages are the same for all peers, and their values are compared."""
    import sys

    sys.path.insert(0, str(ROOT / "test"))
    from lupex_system_tests import odd_bags, recorded_sortie

    count = 5_000 if context.quick else _WANTED
    repeats = 1 if context.quick else 5
    with tempfile.TemporaryDirectory(prefix="lupex_bench_") as directory:
        bag = _odometry(odd_bags, Path(directory) / "odometry.mcap", count, context.seed)
        reads = [
            run_child("benchmarks.recordings.odometry", {"bag": str(bag), "topic": _TOPIC}) for _ in range(repeats)
        ]
        for read in reads:
            if read["messages"] != count or not np.isclose(read["sum_m"], 0.001 * count * (count - 1) / 2):
                raise RuntimeError(f"odometry was read as {read}")
        sortie = Path(directory) / "bag"
        recorded_sortie.write_sortie(recorded_sortie.known_types(), sortie)
        context.say("a report of a synthetic sortie")
        reports = timed(lambda: write_report(sortie, Path(directory) / "out"), 1 if context.quick else 3)
        rows = _decoded([*_topics(sortie), *_topics(bag, 20_000)], context, repeats)
    figures = {
        "odometry_150k_s": best(reads, "wall_s"),
        "peak_mb": max(read["peak_mb"] for read in reads),
        "decode_vs_rosbags": _ratio(rows, "rosbags"),
        "report_s": best(reports, "wall_s"),
    }
    if any(row["peer"] == "mcap_ros2" for row in rows):
        figures["decode_vs_mcap_ros2"] = _ratio(rows, "mcap_ros2")
    notes = (
        f"{count} Odometry messages in zstd chunks of 1 MB are read in a process of its own: pose and speed of "
        "each; its peak is that of the whole process.",
        "Decoding: all fields of the topics of fixed layout of a synthetic sortie, and 20,000 Odometry messages more, "
        "from memory. The peers make an object a message, ours a column a field; a ratio is of their time to ours over "
        "all topics.",
    )
    return Outcome(figures, {"odometry": reads, "reports": reports, "decoding": rows}, notes)


def _odometry(bags: Any, path: Path, count: int, seed: int) -> Path:
    """Write a bag of odometry whose covariances do not compress."""
    rng = np.random.default_rng(seed)
    bag = bags.Bag(path, compression=bags.CompressionType.ZSTD)
    data = bytearray(bags.odometry(1000.0, 0.0))
    for k in range(count):
        stamp = round((1000.0 + _PERIOD_S * k) * 1e9)
        data[4:12] = np.array([stamp // 10**9, stamp % 10**9], dtype="<u4").tobytes()
        data[_PLACE : _PLACE + 8] = np.float64(0.001 * k).tobytes()
        data[-280:] = rng.standard_normal(35).tobytes()
        bag.say(_TOPIC, ODOMETRY, 1000.0 + _PERIOD_S * k, bytes(data))
    done: Path = bag.close()
    return done


_PLACE = 36
"""Where x lies in an Odometry message of frame odom without a child: behind head, stamp and two texts."""


def _topics(bag: Path, most: int = 1 << 30) -> list[SimpleNamespace]:
    """Return the topics of a bag whose messages are numbers and texts alone, with their messages."""
    raw = open_raw(bag)
    found = []
    for name, topic in raw.topics.items():
        decoder = ColumnDecoder(topic.kind, store_of(topic.kind, topic.text, topic.form))
        messages = [message.data for message in raw.messages({name})][:most]
        if _fixed(decoder._store, topic.kind) and len(messages) > 100:
            found.append(SimpleNamespace(name=name, topic=topic, decoder=decoder, messages=messages))
    return found


def _fixed(store: Any, kind: str) -> bool:
    """Tell whether a type holds no sequence."""
    for _, (node, detail) in store.fielddefs[kind][1]:
        if node == 4 or (node == 2 and not _fixed(store, detail)):
            return False
    return True


def _decoded(topics: list[SimpleNamespace], context: Context, repeats: int) -> list[Row]:
    peers: dict[str, Callable[[SimpleNamespace], Callable[[bytes], Any]]] = {
        "rosbags": lambda held: decoder_of(held.topic.kind, held.topic.text, held.topic.form)
    }
    module = context.peer("mcap_ros2")
    if module is not None:
        peers["mcap_ros2"] = _mcap_ros2
    rows = []
    for held in topics:
        context.say(f"{len(held.messages):,} messages of {held.name}")
        about = {"topic": held.name, "messages": len(held.messages)}
        rows += timed(lambda held=held: held.decoder.decode(held.messages), repeats, peer="ours", **about)
        for peer, make in peers.items():
            decode = make(held)
            rows += timed(
                lambda held=held, decode=decode: [decode(data) for data in held.messages], repeats, peer=peer, **about
            )
    return rows


def _mcap_ros2(held: SimpleNamespace) -> Callable[[bytes], Any]:
    from mcap.records import Schema
    from mcap_ros2.decoder import DecoderFactory

    schema = Schema(id=1, name=held.topic.kind, encoding="ros2msg", data=held.topic.text.encode())
    made = DecoderFactory().decoder_for("cdr", schema)
    assert made is not None
    found: Callable[[bytes], Any] = made
    return found


def _ratio(rows: list[Row], peer: str) -> float:
    """Return the time of a peer over ours, each topic's best repeat, over all topics."""

    def whole(name: str) -> float:
        topics = {row["topic"] for row in rows}
        return sum(
            best([row for row in rows if row["topic"] == topic and row["peer"] == name], "cpu_s") for topic in topics
        )

    return whole(peer) / whole("ours")
