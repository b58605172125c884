# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a file of a recording holds beside its messages, and which of its parts are lost."""

from dataclasses import dataclass, field

from mcap.records import Attachment, Channel, Schema

from lupex_node.names import ROOT, below
from lupex_recorder.recorder import CUSTOM_DATA, NAMESPACE

Scanned = tuple[int, int, int, bytes]
"""Channel, time of reception and of publishing [ns], message as CDR."""
Block = list[Scanned]
"""Messages that are handed on together: a call for each would cost more than reading it."""
BLOCK = 500


class NotARecordingError(ValueError):
    """Say that a file is not of the kind that its name says; the words follow its path."""


@dataclass(frozen=True)
class Loss:
    """A part of a file that cannot be read; its place and its own times [ns] where they are known."""

    at_byte: int | None
    why: str
    start_ns: int | None = None
    end_ns: int | None = None
    last: bool = False
    """Nothing after it can be read either."""

    def sentence(self, first_ns: int) -> str:
        """Tell of it; times are counted from `first_ns`."""
        if self.at_byte is None:
            return self.why
        if self.last:
            return f"it is cut off after {self.at_byte / 1e6:.3f} MB: {self.why}"
        when = ""
        if self.start_ns is not None and self.end_ns is not None and 0 < self.start_ns <= self.end_ns:
            begin_s, end_s = ((time - first_ns) * 1e-9 for time in (self.start_ns, self.end_ns))
            when = f", from {begin_s:.1f} s to {end_s:.1f} s,"
        return f"it is damaged at {self.at_byte / 1e6:.3f} MB ({self.why}), and that part{when} is left out"


@dataclass
class Scan:
    """What a scan has learnt; `losses` is empty when the file is whole."""

    profile: str = ""
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    packed: bool = False
    """Some message is compressed on its own."""
    told_count: int | None = None
    """Messages that the file itself says that it holds."""

    def topic(self, channel: Channel) -> str:
        """Return a channel's topic as a rover without a namespace has it: what is read does not ask whose it was."""
        namespace = self.metadata.get(CUSTOM_DATA, {}).get(NAMESPACE, ROOT)
        return below(channel.topic, namespace) or channel.topic
