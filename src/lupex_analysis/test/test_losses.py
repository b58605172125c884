# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Every kind of loss and disorder in time is told once, with its times."""

import numpy as np
import pytest

from lupex_analysis.collecting import Wanted
from lupex_analysis.losses import gaps_of
from lupex_analysis.reading import read_recording
from lupex_analysis.topic_times import TopicTimes
from lupex_system_tests.odd_bags import ODOMETRY, TEXT, mcap_bag, odometry, text

X = "pose.pose.position.x"
ASKED = Wanted(columns={"/odom": [X], "/wheel": [X], "/gps": [X]})


def drive(topic, begin_s, count, period_s=0.5, received=lambda at_s: at_s, stamped=lambda at_s: at_s):
    times = [begin_s + period_s * k for k in range(count)]
    return [(topic, ODOMETRY, received(t), odometry(stamped(t), t - begin_s)) for t in times]


def problems(tmp_path, messages):
    """Return what is told of a recording: losses first."""
    recording = read_recording(mcap_bag(tmp_path / "r.mcap", messages), ASKED)
    return (*recording.problems, *recording.remarks)


def test_a_simulation_that_was_started_again_is_two_runs(tmp_path):
    """The host's clock goes on, the simulated one goes back."""
    messages = []
    for run, begin_s, count in ((0, 0.0, 40), (1, 100.0, 100)):
        for topic in ("/odom", "/wheel"):
            messages += drive(topic, 1000.0, count, received=lambda t, b=begin_s: 5000.0 + b + (t - 1000.0))
        messages.append(("/said", TEXT, 5000.0 + begin_s, text(f"run {run}")))
    recording = read_recording(mcap_bag(tmp_path / "r.mcap", messages), ASKED)
    assert recording.problems == (
        "time goes back from 1019.5 s to 1000.0 s, received 100.0 s after the first message: run 2 begins there",
        "it holds 2 runs: run 2 is read, which has most messages",
    )
    assert len(recording.columns("/odom", [X])[X]) == 100
    assert recording.counts["/odom"] == 140
    assert recording.start_ns == 5100 * 10**9


def test_a_recorder_whose_own_clock_began_anew_does_not_mix_the_runs(tmp_path):
    messages = []
    for count in (60, 20):
        run = [m for topic in ("/odom", "/wheel") for m in drive(topic, 1000.0, count)]
        messages += sorted(run, key=lambda message: message[2])
    recording = read_recording(mcap_bag(tmp_path / "r.mcap", messages), ASKED)
    assert "run 1 is read" in recording.problems[-1]
    x = recording.columns("/odom", [X])[X]
    assert len(x) == 60
    assert (np.diff(x) > 0).all()


def test_a_clock_that_is_set_back_a_little_is_no_restart(tmp_path):
    messages = drive("/odom", 1000.0, 100, stamped=lambda t: t - (3.0 if t > 1030.0 else 0.0))
    assert problems(tmp_path, messages) == ("the stamps of /odom go back once, by up to 2.5 s, first at 30.5 s",)


def test_a_topic_of_several_senders_is_no_restart(tmp_path):
    messages = drive("/odom", 1000.0, 100)
    for k in range(50):
        messages.append(("/wheel", ODOMETRY, 1000.0 + k, odometry(1000.0 + k)))
        messages.append(("/wheel", ODOMETRY, 1000.1 + k, odometry(900.0 + k)))
    found = problems(tmp_path, sorted(messages, key=lambda message: message[2]))
    assert found == ("the stamps of /wheel go back 50 times, by up to 100.0 s, first at 0.1 s",)


def test_messages_that_lie_the_wrong_way_round_are_read_by_their_time_and_that_is_told(tmp_path):
    recording = read_recording(mcap_bag(tmp_path / "r.mcap", drive("/odom", 1000.0, 40)[::-1]), ASKED)
    assert recording.problems == (
        "37 messages lie up to 19.5 s behind newer ones of their topic: they are read by their time",
    )
    assert (np.diff(recording.columns("/odom", [X])[X]) > 0).all()


def test_gaps_of_several_topics_at_one_time_are_told_once(tmp_path):
    def broken(topic, begin_s, end_s):
        return [m for m in drive(topic, 1000.0, 200) if not begin_s < m[2] < end_s]

    messages = broken("/odom", 1020.0, 1030.0) + broken("/wheel", 1020.0, 1030.5) + broken("/gps", 1060.0, 1064.5)
    messages += [("/said", TEXT, 1000.0 + k, text("hello")) for k in range(100)]
    assert problems(tmp_path, messages) == (
        "no message of /odom and /wheel between 20.0 s and 30.0 s after the first, beyond their own rhythm",
        "no message of /gps between 60.0 s and 64.5 s after the first, beyond its own rhythm",
    )


def test_many_gaps_are_counted(tmp_path):
    messages = []
    for k in range(9):
        messages += drive("/odom", 1000.0 + 20.0 * k, 20)
    messages += [("/said", TEXT, 1000.0 + k / 2, text("hello")) for k in range(360)]
    found = problems(tmp_path, messages)
    assert len(found) == 6
    assert found[-1] == "3 more gaps, of at most 10.5 s"


def test_a_rhythm_that_changes_is_no_gap():
    def found(*parts, stamps=None):
        received = (np.concatenate(parts) * 1e9).astype(np.int64)
        none = np.full(len(received), np.nan) if stamps is None else stamps
        return gaps_of(TopicTimes(received, none, received, np.arange(len(received))))

    fast, slow = np.arange(0, 100, 0.04), np.arange(100, 4000, 4.0)
    assert found(fast, slow) == []
    assert found(np.array([0.0, 100.0])) == []
    assert found(fast, fast + 150.0) == [(99960000000, 150000000000)]
    # a host that stood still while time did
    assert found(fast, fast + 150.0, stamps=1000.0 + np.arange(5000) * 0.04) == []
    assert len(found(fast, fast + 150.0, stamps=1000.0 + np.concatenate([fast, fast + 150.0]))) == 1


def test_a_topic_told_with_two_types_is_told(tmp_path):
    messages = [*drive("/odom", 1000.0, 20), ("/odom", TEXT, 1010.0, text("hello"))]
    assert problems(tmp_path, messages) == (f"/odom is told with 2 types: {ODOMETRY}, {TEXT}",)


def test_stamps_of_another_clock_are_told(tmp_path):
    messages = [m for topic in ("/odom", "/wheel") for m in drive(topic, 1000.0, 40)]
    messages += drive("/gps", 1000.0, 40, stamped=lambda t: t + 1.7e9)
    found = problems(tmp_path, messages)
    assert found == (
        "the stamps of /gps are of another clock: those of /gps are +1700000000.0 s from the others'",
    )  # fmt: skip
    simulated = [m for topic in ("/odom", "/wheel", "/gps") for m in drive(topic, 10.0, 40, received=lambda t: t + 1e6)]
    assert problems(tmp_path, simulated) == ()


def test_stamps_that_nobody_set_are_told(tmp_path):
    messages = drive("/odom", 1000.0, 40) + drive("/gps", 1000.0, 40, stamped=lambda t: 0.0)
    assert problems(tmp_path, messages) == ("no stamp is set on /gps",)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_few_messages_say_nothing_of_a_rhythm(tmp_path, count):
    assert problems(tmp_path, [*drive("/odom", 1000.0, count, period_s=9.0), ("/said", TEXT, 1.0, text(""))])[1:] == ()
