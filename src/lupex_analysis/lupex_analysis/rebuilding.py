# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The metadata.yaml that a killed recorder could not write."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lupex_analysis.collecting import CDR, Collector
from lupex_analysis.offered_qos import QosError, offered
from lupex_analysis.scan import Scan
from lupex_analysis.storage import MCAP
from lupex_recorder.metadata import NAME, BagRecord, TopicRecord


def rebuilt_record(
    path: Path,
    collector: Collector,
    scans: Mapping[Path, Scan],
    custom: Mapping[str, str],
    problems: list[str],
) -> BagRecord | None:
    """Return what metadata.yaml should say of a bag of one file; None where it would be untrue, of other encodings."""
    file, scan = next(iter(scans.items()))
    if not path.is_dir() or (path / NAME).exists() or len(scans) > 1 or file.suffix != MCAP or scan.packed:
        return None
    if any(channel.message_encoding != CDR for channel in scan.channels.values()):
        return None
    topics = []
    every: list[np.ndarray] = []
    for channel in scan.channels.values():
        schema = scan.schemas.get(channel.schema_id)
        try:
            qos = offered(channel.metadata.get("offered_qos_profiles", ""))
        except QosError as error:
            problems.append(f"{channel.topic}: {error}")
            qos = ()
        held = collector.topics[scan.topic(channel)]
        every.append(held.gathered.times().received_ns)
        type_hash = channel.metadata.get("topic_type_hash", "")
        name = schema.name if schema else ""
        topics.append(TopicRecord(channel.topic, name, type_hash, len(held.gathered), qos))
    received = np.concatenate([np.zeros(0, dtype=np.int64), *every])
    if not len(received):
        return None
    return BagRecord(file.name, int(received.min()), int(received.max()), tuple(topics), custom)
