# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Files with bits turned, cut, shuffled or at random: none ends in a traceback, and what is intact is recovered."""

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measuring import ROOT, Asked, Context, Outcome, Row
from lupex_analysis.raw_reading import open_raw
from lupex_analysis.recovery import recover
from lupex_analysis.report_files import look
from lupex_analysis.storage import ReadingError

ASKED = {"fuzz_tracebacks": Asked(0.0), "recover_share": Asked(1.0, at_most=False)}

_INPUTS = 5_000
_CUTS = 300


def run(context: Context) -> Outcome:
    """Run both."""
    sys.path.insert(0, str(ROOT / "test"))
    from lupex_system_tests.fuzzed_bags import tracebacks

    count = 100 if context.quick else _INPUTS
    with tempfile.TemporaryDirectory(prefix="lupex_bench_") as directory:
        context.say(f"{count} inputs")
        raised = tracebacks(Path(directory), count, context.seed, look)
    cuts = _cuts(context, 20 if context.quick else _CUTS)
    intact = sum(row["intact"] for row in cuts)
    figures = {
        "fuzz_tracebacks": float(len(raised)),
        "recover_share": sum(row["recovered"] for row in cuts) / max(intact, 1),
    }
    notes = (
        f"{count} inputs from whole files of eight forms: one to four faults each, a twentieth of them random bytes.",
        f"recover_share: of the messages of all chunks that no fault touched, in {len(cuts)} files cut or overwritten "
        "anywhere.",
    )
    return Outcome(figures, {"raised": [{"text": text} for text in raised], "cuts": cuts}, notes)


def _cuts(context: Context, count: int) -> list[Row]:
    """Recover files that are cut, or hold noise for a while, and count what no fault touched."""
    from lupex_system_tests.odd_bags import CompressionType, chunks_of, mcap_bag, messages_of

    rng = np.random.default_rng(context.seed)
    messages = messages_of(400)
    rows = []
    with tempfile.TemporaryDirectory(prefix="lupex_bench_") as name:
        directory = Path(name)
        whole = mcap_bag(directory / "r.mcap", messages, chunk_size=4000, compression=CompressionType.ZSTD).read_bytes()
        parts = chunks_of(whole, messages)
        for number in range(count):
            begin, noise = int(rng.integers(len(whole))), rng.bytes(int(rng.integers(1, 2000)))
            cut = bool(number % 2)
            end = len(whole) if cut else begin + len(noise)
            (directory / "r.mcap").write_bytes(whole[:begin] + (b"" if cut else noise + whole[end:]))
            intact = [held for a, b, held in parts if b <= begin or a >= end]
            expected = set().union(*intact) if intact else set()
            out = directory / f"out{number}"
            try:
                recover(directory / "r.mcap", out)
                raw = open_raw(out)
                held = {(m.topic, m.log_ns, m.data) for m in raw.messages(set(raw.topics))}
            except ReadingError:
                held = set()
            rows.append({"cut": cut, "begin": begin, "intact": len(expected), "recovered": len(expected & held)})
    return rows
