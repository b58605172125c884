# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What the progress line of a demo is made from, and when a demo is over."""

from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from lupex_cli import demo, demo_monitor  # noqa: E402
from lupex_cli.demo_monitor import DemoMonitor, Seen  # noqa: E402
from lupex_interfaces.msg import Fault, MissionStatus, PowerStatus, ReturnCertificate, WorldTruth  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402

TOPICS = {
    MissionStatus: ("/mission/status", qos.SAMPLES),
    WorldTruth: ("/truth/state", qos.STATE),
    PowerStatus: ("/power/status", qos.STATE),
    ReturnCertificate: ("/plan/certificate", qos.STATE),
    Fault: ("/faults", qos.EVENTS),
}


class Sortie:
    """Tells a monitor what happens; the wall's time is what a test says."""

    def __init__(self, monkeypatch):
        self.wall_s = 50.0
        monkeypatch.setattr(demo_monitor, "time", SimpleNamespace(monotonic=lambda: self.wall_s))
        self._conductor = Conductor(now_s=1000.0)
        self._port = self._conductor.visitor("sortie")
        self._publishers = {kind: self._port.publisher(kind, *TOPICS[kind]) for kind in TOPICS}
        self._publishers[Fault].publish(Fault(source="power_management", text="cold", active=True))
        self.seen = DemoMonitor(self._conductor.visitor("demo_monitor")).seen

    def tell(self, message, sim_s=None):
        if sim_s is not None:
            message.header.stamp = stamp(sim_s)
        self._publishers[type(message)].publish(message)
        self._conductor.run_until(self._conductor.now_s + 1.0)


@pytest.fixture
def sortie(monkeypatch):
    return Sortie(monkeypatch)


def test_the_newest_of_everything_is_seen(sortie):
    seen = sortie.seen
    sortie.tell(WorldTruth(x_m=1.0), 1000.0)
    sortie.tell(WorldTruth(x_m=12.5, y_m=-4.0, distance_m=13.0, sunlit_fraction=0.5, speed_up=20.0), 1002.0)
    sortie.tell(PowerStatus(soc=0.625))
    assert (seen.first_sim_s, seen.sim_s) == (1000.0, 1002.0)
    assert (seen.x_m, seen.y_m, seen.distance_m, seen.sunlit, seen.speed_up) == (12.5, -4.0, 13.0, 0.5, 20.0)
    assert seen.soc == 0.625
    sortie.tell(ReturnCertificate(valid=True, margin_wh=600.0))
    assert seen.margin_wh == 600.0
    sortie.tell(ReturnCertificate(valid=False, margin_wh=600.0))
    assert seen.margin_wh is None


def test_faults_are_kept_from_before_the_monitor_on_and_their_ends_are_not(sortie):
    sortie.tell(Fault(source="mobility", text="slips", active=True))
    sortie.tell(Fault(source="mobility", text="slips", active=False))
    assert sortie.seen.faults == ["power_management: cold", "mobility: slips"]


def test_a_phase_that_is_over_before_anybody_looks_is_told(sortie, capsys):
    progress = demo.Progress()
    assert progress.show(sortie.seen, 1.0)
    sortie.tell(MissionStatus(phase=MissionStatus.LEAD_OUT))
    sortie.tell(PowerStatus(soc=0.5))
    sortie.tell(MissionStatus(phase=MissionStatus.DRIVE))
    assert progress.show(sortie.seen, 2.0)
    first, fault, *lines = capsys.readouterr().out.splitlines()
    assert "starting" in first
    assert "cold" in fault
    assert [("  lead out " in line, "  drive " in line, "50%" in line) for line in lines] == [
        (True, False, False),
        (False, True, True),
    ]
    assert not progress.show(sortie.seen, 3.0), "nothing new, and too early for another line"
    assert progress.show(sortie.seen, 2.0 + demo.LINE_EVERY_S)


def test_the_mission_begins_when_it_leaves_idle(sortie):
    seen = sortie.seen
    sortie.tell(MissionStatus(phase=MissionStatus.IDLE, text="waiting"))
    assert (seen.phase, seen.text, seen.mission_wall_s) == ("idle", "waiting", None)
    sortie.wall_s = 60.0
    sortie.tell(MissionStatus(phase=MissionStatus.DRIVE))
    sortie.wall_s = 70.0
    sortie.tell(MissionStatus(phase=MissionStatus.DRIVE, outcome="success"))
    assert (seen.phase, seen.outcome, seen.mission_wall_s) == ("drive", "success", 60.0)


def test_only_newer_time_is_progress(sortie):
    sortie.tell(WorldTruth(), 1000.0)
    sortie.wall_s = 60.0
    sortie.tell(WorldTruth(), 1001.0)
    sortie.wall_s = 70.0
    sortie.tell(WorldTruth(), 1001.0)
    assert sortie.seen.progress_wall_s == 60.0


@pytest.mark.parametrize(
    ("truth", "words"),
    [(WorldTruth(tipped=True), "the rover tipped over"), (WorldTruth(dead=True), "the battery ran empty")],
)
def test_a_rover_that_is_lost_is_seen(sortie, truth, words):
    assert sortie.seen.lost == ""
    sortie.tell(truth, 1000.0)
    assert sortie.seen.lost == words


class Followed:
    """A demo whose nodes and whose monitor do what a test says; a look at them takes half a second of wall time."""

    def __init__(self, monkeypatch, **happens):
        self.wall_s = 0.0
        self.seen = Seen(progress_wall_s=0.0)
        self.ends, self.living = [], True
        self.sortie_s = []
        self._happens = happens
        monkeypatch.setattr(demo, "time", SimpleNamespace(monotonic=lambda: self.wall_s))

    def spin(self, wall_s):
        self.wall_s += wall_s
        for name, value in self._happens.items():
            setattr(self.seen if hasattr(self.seen, name) else self, name, value)

    def poll(self):
        return self.ends

    def alive(self, name):
        assert name == "simulator"
        return self.living

    def pids(self):
        return {}

    def end(self):
        usage = SimpleNamespace(look=lambda pids: None)
        faults = SimpleNamespace(follow=lambda sim_s, processes: self.sortie_s.append(sim_s))
        return demo.follow(self, self, self.seen, usage, faults, 100.0)


@pytest.mark.parametrize(
    ("happens", "end", "after_s"),
    [
        ({"outcome": "success"}, "", 0.5),
        ({"lost": "the battery ran empty"}, "the battery ran empty", 0.5),
        ({"ends": [SimpleNamespace(name="mission", code=2, stopping=False)]}, "mission refuses its parameters", 0.5),
        ({"living": False}, "the simulator has ended", 0.5),
        ({}, "time has stood still for 60 s", 60.5),
        ({"progress_wall_s": 1e9}, "not over after 100 s", 100.5),
    ],
)
def test_a_demo_ends_with_its_reason(monkeypatch, capsys, happens, end, after_s):
    followed = Followed(monkeypatch, first_sim_s=1000.0, sim_s=1007.0, faults=["mobility: slips"], **happens)
    told = followed.end()
    assert told == "" if not end else told.startswith(end)
    assert followed.wall_s == after_s
    assert capsys.readouterr().out.count("fault  mobility: slips") == 1
    assert set(followed.sortie_s) == {7.0}, "faults come by the time since the sortie began"
