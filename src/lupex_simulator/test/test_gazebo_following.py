# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the nodes that follow Gazebo have in common: how they begin, wait and end."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.node
sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("rclpy")
pytest.importorskip("lupex_interfaces.msg")
pytest.importorskip("ros_gz_interfaces.msg")

from played_bridge import ROVER_FILE  # noqa: E402

from lupex_models.configuration import ConfigurationError  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.lockstep.errors import LockstepError  # noqa: E402
from lupex_node.port import Severity  # noqa: E402
from lupex_simulator.gazebo import following_node  # noqa: E402
from lupex_simulator.gazebo.following import ClockError  # noqa: E402
from lupex_simulator.gazebo.footing import FallenError  # noqa: E402
from lupex_simulator.gazebo.node import GazeboAdapterNode  # noqa: E402
from lupex_simulator.gazebo.unit_drive import NotMovingError  # noqa: E402
from lupex_simulator.payload.node import PayloadNode  # noqa: E402


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        (GazeboAdapterNode, {"drive": "legs"}, "takes one of tracks, bogies"),
        (GazeboAdapterNode, {"world": "/nowhere"}, "/nowhere: holds no world"),
        (GazeboAdapterNode, {"drvie": "tracks"}, "unknown key 'drvie'"),
        (PayloadNode, {"world": "/nowhere"}, "/nowhere: holds no world"),
        (PayloadNode, {"parts": "wheels"}, "unknown part 'wheels'"),
    ],
)
def test_bad_parameters_are_refused(stage, kind, parameters, words):
    with pytest.raises(ConfigurationError, match=words):
        stage.follow(kind, **parameters)


@pytest.mark.parametrize("kind", [GazeboAdapterNode, PayloadNode])
def test_lock_step_has_no_gazebo_to_follow(tiny_directory, kind):
    conductor = Conductor()
    with pytest.raises(LockstepError, match="run it over DDS"):
        conductor.add(kind, {"world": str(tiny_directory), "rover": str(ROVER_FILE)})
    assert not conductor.nodes


ENDS = pytest.mark.parametrize(
    ("error", "code"),
    [(ClockError("late"), 1), (NotMovingError("still"), 1), (FallenError("deep"), 1), (ConfigurationError("wrong"), 2)],
)


@dataclass(frozen=True)
class Nothing:
    """A configuration without a setting."""


class Ending(following_node.FollowingNode):
    """Ends by an error, when it is wired or when it looks."""

    NAME, CONFIG = "ending", Nothing
    at_wiring = at_look = None
    left = 0

    def wire(self):
        if self.at_wiring is not None:
            raise self.at_wiring

    def follow(self):
        raise self.at_look

    def leave(self):
        type(self).left += 1


@pytest.fixture
def own_signals():
    """Give back the signals, which a node that ends leaves ignored."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@ENDS
def test_a_node_leaves_gazebo_however_it_ends(error, code, capsys, own_signals):
    kind = type("Late", (Ending,), {"at_look": error})
    assert following_node.run_following(kind, []) == code
    assert kind.left == 1
    assert capsys.readouterr().err == f"error: {error}\n"


@ENDS
def test_what_ends_a_node_is_one_sentence(error, code, capsys, own_signals):
    kind = type("Early", (Ending,), {"at_wiring": error})
    assert following_node.run_following(kind, []) == code
    assert kind.left == 0, "what was never wired has nothing to leave"
    assert capsys.readouterr().err == f"error: {error}\n"


class Quiet(following_node.FollowingNode):
    """Follows a Gazebo that steps now and then."""

    NAME, CONFIG = "quiet", Nothing
    steps = True

    def wire(self):
        pass

    def follow(self):
        return self.steps


def test_silence_of_gazebo_is_told_with_where_to_look(monkeypatch):
    told, looks = [], []
    wall = SimpleNamespace(time_s=0.0)
    monkeypatch.setattr(following_node, "time", SimpleNamespace(monotonic=lambda: wall.time_s))

    def begin(period_wall_s, look):
        looks.append(look)
        return SimpleNamespace(close=looks.clear)

    port = SimpleNamespace(
        source="parameters of node /quiet",
        parameters={},
        files={},
        declare=lambda settings: None,
        log=lambda severity, text: told.append((wall.time_s, severity, text)),
        look=begin,
    )
    node = Quiet(port)
    node.configure()

    def look_until(end_s):
        while wall.time_s < end_s:
            wall.time_s += 1.0
            looks[0]()

    look_until(100.0)
    assert not told
    node.steps = False
    look_until(145.0)
    assert [line[:2] for line in told] == [(121.0, Severity.WARNING), (142.0, Severity.WARNING)]
    assert "nothing from Gazebo for 20 s" in told[0][2]
    assert "[Err]" in told[0][2]
    assert "Could not find visual for entity: 0" in told[0][2], "which each message of the Sun makes"
    node.close()
    assert not looks
