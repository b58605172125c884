# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The node that all nodes on board are made from."""

from typing import Any, TypeVar

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from lupex_interfaces.msg import Fault
from lupex_node import qos
from lupex_node.bare_node import BareNode
from lupex_node.config import NodeConfig
from lupex_node.conversions import stamp
from lupex_node.parameters import configured
from lupex_node.port import Port, Store

C = TypeVar("C")

HEARTBEAT_PERIOD_S = 1.0
"""Of ROS time: whoever makes a simulated time waits for the heartbeats of those it needs."""

HAND_ON_AFTER_S = 1.6
"""A heartbeat that was handed on is this old: then the next one is handed on at once."""

HEARD = "heard "
"""Before a node's name, in a heartbeat: the stamp [s] of the last heartbeat of that node that was heard."""


class LupexNode(BareNode[C]):
    """Node with a life cycle, checked parameters and messages, heartbeat, faults and checkpoints.

    A subclass names itself and its configuration and implements `wire`, which makes its core, publishers,
    subscriptions and timers. It configures and activates itself unless `autostart` is false; callbacks rest while it
    is not active.
    """

    COMMON = (NodeConfig,)

    def __init__(self, port: Port) -> None:
        """Read the parameters; raises ConfigurationError."""
        self.common = configured(port, NodeConfig)
        super().__init__(port)
        self._faults: dict[str, tuple[int, str]] = {}
        self._health = (DiagnosticStatus.OK, "")
        self._beats_heard_s: dict[str, float] = {}
        self._beats_told_s: dict[str, float] = {}
        self._handing_on = False
        self._store: Store | None = port.store(self.common.state_dir) if self.common.state_dir else None
        self._fault_publisher = port.publisher(Fault, "/faults", qos.EVENTS)
        # latched: who makes time must hear of each node that it is there, whichever of them was first
        self._heartbeat_publisher = port.publisher(DiagnosticArray, "/diagnostics", qos.LATCHED)
        port.timer(HEARTBEAT_PERIOD_S, self._beat)

    def utc_s(self, time_s: float) -> float:
        """Return UTC as Unix seconds for a ROS time."""
        return time_s + self.common.utc_offset_s

    def _future_tolerance_s(self) -> float:
        return self.common.future_tolerance_s

    # ------------------------------------------------------------------------------------------------ life cycle

    def activate(self) -> None:
        """Let the callbacks act, and say so."""
        super().activate()
        self._beat()

    def deactivate(self) -> None:
        """Let the callbacks rest, and say so."""
        super().deactivate()
        self._beat()

    # ------------------------------------------------------------------------------------------------ health

    def set_health(self, text: str, *, error: bool = False) -> None:
        """State in the heartbeat what is wrong; an empty text means that all is well."""
        level = DiagnosticStatus.OK if not text else DiagnosticStatus.ERROR if error else DiagnosticStatus.WARN
        self._health = (level, text)

    def raise_fault(self, code: str, severity: int, text: str) -> None:
        """Publish a fault when it appears; repeated calls while it lasts are silent."""
        if code not in self._faults:
            # noted first: a recorder hears of its own fault while it publishes it
            self._faults[code] = severity, text
            self._publish_fault(code, severity, text, active=True)
            self.warn(f"fault {code}: {text}")

    def clear_fault(self, code: str, text: str = "") -> None:
        """Publish that a fault is over, if it was there."""
        fault = self._faults.pop(code, None)
        if fault is not None:
            self._publish_fault(code, fault[0], text or fault[1], active=False)

    @property
    def active_faults(self) -> tuple[str, ...]:
        """Codes of the faults that this node has raised and not cleared."""
        return tuple(self._faults)

    def _publish_fault(self, code: str, severity: int, text: str, *, active: bool) -> None:
        fault = Fault(source=self.name, code=code, severity=severity, active=active, text=text)
        fault.header.stamp = stamp(self.now_s())
        self._fault_publisher.publish(fault)

    def _beat(self) -> None:
        level, text = self._health
        if level == DiagnosticStatus.OK and not self.active:
            level, text = DiagnosticStatus.STALE, "not active"
        status = DiagnosticStatus(level=level, name=self.name, message=text, hardware_id=self.name)
        status.values = [KeyValue(key="started", value=self.port.life)]
        status.values += [
            KeyValue(key=f"{HEARD}{name}", value=f"{stamp_s:.3f}") for name, stamp_s in self._beats_heard_s.items()
        ]
        status.values += [
            KeyValue(key=f"refused {topic}", value=f"{count}: {self._refusal[topic]}")
            for topic, count in self._refused.items()
        ]
        beat = DiagnosticArray(status=[status])
        beat.header.stamp = stamp(self.now_s())
        self._beats_told_s = dict(self._beats_heard_s)
        self._heartbeat_publisher.publish(beat)

    def hand_on(self, node: str, stamp_s: float) -> None:
        """Tell in the heartbeat up to when this node has heard another's.

        Who makes a simulated time waits for it, so it is told soon where the next heartbeat would be late: once for
        all that have come together.
        """
        self._beats_heard_s[node] = stamp_s
        if not self._handing_on and self.now_s() - self._beats_told_s.get(node, stamp_s) > HAND_ON_AFTER_S:
            self._handing_on = True
            self.port.background("hand_on", lambda: None, self._hand_on_now)

    def _hand_on_now(self, _: Any, took_s: float) -> None:
        self._handing_on = False
        if self._beats_told_s != self._beats_heard_s:
            self._beat()

    # ------------------------------------------------------------------------------------------------ checkpoints

    def save_state(self, state: dict[str, Any], stamp_s: float) -> None:
        """Keep `state` (plain JSON values) for `saved_state`; a full disk is a warning, not an end."""
        if self._store is None:
            return
        try:
            self._store.save(stamp_s, state)
            self.clear_fault("checkpoint_not_written")
        except OSError as error:
            text = f"checkpoint {self._store.where} not written: {error.strerror}; a restart would begin afresh"
            self.raise_fault("checkpoint_not_written", Fault.WARNING, text)

    @property
    def keeps_state(self) -> bool:
        """Whether there is a place for checkpoints."""
        return self._store is not None

    def saved_state(self, max_age_s: float) -> tuple[float, dict[str, Any]] | None:
        """Return (stamp_s, state) of the last life of this node, if it is younger than `max_age_s` of ROS time.

        Ask when the first message or tick is there: before the first /clock the time is 0 and nothing is younger.
        """
        return None if self._store is None else self._store.load(self.now_s(), max_age_s)
