# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What is missing or out of order in a recording, by its times alone: a sentence each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lupex_analysis.lives import BACK_S, Restart
from lupex_analysis.topic_times import TopicTimes

HOLE_S = 60.0
"""Without a message of any topic: even a parked world tells its clock each 4 s."""
_GAP_S = 2.0
_BEYOND = 5.0
"""Times the rhythm around it, from which on a silence is a gap."""
_AROUND = 5
"""Intervals before and after a silence that tell the rhythm; two of them may be gaps too."""
_MOST = 5
"""Gaps, and topics in one sentence, that are told one by one."""
_SAME = 0.8
"""Share of a gap that another has to cover to be the same."""
_OTHER_CLOCK_S = 60.0
_ENOUGH = 10
_LOOKED_AT = 200
"""Messages of a topic whose stamps are compared, with those of so many others:"""
_COMPARED = 8


@dataclass(frozen=True)
class Gap:
    """A silence of topics, from the last message before to the first after [ns]."""

    start_ns: int
    end_ns: int
    topics: tuple[str, ...]


def gaps_of(times: TopicTimes) -> list[tuple[int, int]]:
    """Return silences beyond a topic's own rhythm [ns]; a rhythm that changes is none.

    Where messages bear times, these have to leap too: a host that stood still has lost nothing.
    """
    order = np.argsort(times.received_ns, kind="stable")
    received = times.received_ns[order]
    silent = _leaps(np.diff(received) * 1e-9)
    stamps = times.stamp_s[order]
    if np.all(stamps > 0.0):
        silent = np.intersect1d(silent, _leaps(np.diff(stamps)))
    return [(int(received[k]), int(received[k + 1])) for k in silent]


def _leaps(steps: np.ndarray) -> np.ndarray:
    """Return the numbers of steps that are far longer than those around them [s]."""
    if not _rhythm(steps):
        return np.zeros(0, dtype=int)
    found = []
    for k in np.flatnonzero(steps > max(_GAP_S, _BEYOND * float(np.median(steps)))):
        around = np.sort(np.concatenate([steps[max(k - _AROUND, 0) : k], steps[k + 1 : k + 1 + _AROUND]]))
        if steps[k] > _BEYOND * around[max(len(around) - 3, 0)]:
            found.append(k)
    return np.array(found, dtype=int)


def gaps(topics: Mapping[str, TopicTimes]) -> list[Gap]:
    """Return the gaps of all topics, those at the same time together, by their start."""
    single = sorted((start, end, name) for name, times in topics.items() for start, end in gaps_of(times))
    found: list[Gap] = []
    for start, end, name in single:
        for number, gap in enumerate(found):
            shared = min(end, gap.end_ns) - max(start, gap.start_ns)
            if shared >= _SAME * max(end - start, gap.end_ns - gap.start_ns):
                found[number] = Gap(max(start, gap.start_ns), min(end, gap.end_ns), (*gap.topics, name))
                break
        else:
            found.append(Gap(start, end, (name,)))
    return found


def holes(topics: Mapping[str, TopicTimes]) -> list[Gap]:
    """Return times in which nothing at all was received."""
    every = [times.received_ns for times in topics.values() if len(times.received_ns)]
    if not every:
        return []
    times = np.sort(np.concatenate(every))
    wide = np.flatnonzero(np.diff(times) > HOLE_S * 1e9)
    return [Gap(int(times[k]), int(times[k + 1]), ()) for k in wide]


def gap_sentences(topics: Mapping[str, TopicTimes], first_ns: int) -> tuple[list[str], list[str]]:
    """Tell (what the recording lacks, where some of its topics were silent); times are counted from `first_ns`.

    Where most topics that have a rhythm are silent together, it is the recorder that heard nothing.
    """

    def when(gap: Gap) -> str:
        begin_s, end_s = ((time - first_ns) * 1e-9 for time in (gap.start_ns, gap.end_ns))
        return f"between {begin_s:.1f} s and {end_s:.1f} s"

    def sentence(gap: Gap) -> str:
        own = "its" if len(gap.topics) == 1 else "their"
        return f"no message of {_some(gap.topics)} {when(gap)} after the first, beyond {own} own rhythm"

    def told(found: list[Gap]) -> list[str]:
        longest = sorted(found, key=lambda gap: gap.start_ns - gap.end_ns)
        shown = [sentence(gap) for gap in sorted(longest[:_MOST], key=lambda gap: gap.start_ns)]
        if len(longest) > _MOST:
            most_s = (longest[_MOST].end_ns - longest[_MOST].start_ns) * 1e-9
            shown.append(f"{len(longest) - _MOST} more gaps, of at most {most_s:.1f} s")
        return shown

    whole = holes(topics)
    lacks = [f"no message {when(hole)} after the first" for hole in whole]
    beside = [gap for gap in gaps(topics) if not any(_covers(hole, gap) for hole in whole)]
    common = [gap for gap in beside if _of_most(gap, topics)]
    return lacks + told(common), told([gap for gap in beside if gap not in common])


def _of_most(gap: Gap, topics: Mapping[str, TopicTimes]) -> bool:
    """Tell whether most topics that spoke before and after a gap, and have a rhythm, fall silent in it."""
    live = [
        name
        for name, times in topics.items()
        if times.received_ns.min() <= gap.start_ns
        and times.received_ns.max() >= gap.end_ns
        and _rhythm(np.diff(np.sort(times.received_ns)) * 1e-9)
    ]
    return len(live) > 1 and 2 * len(set(gap.topics) & set(live)) > len(live)


def _rhythm(steps: np.ndarray) -> bool:
    """Tell whether intervals are those of a clock, not of events."""
    if len(steps) < 2 * _AROUND:
        return False
    median, most = np.percentile(steps, (50, 90))
    return bool(most <= _BEYOND * median)


def _covers(hole: Gap, gap: Gap) -> bool:
    return min(hole.end_ns, gap.end_ns) - max(hole.start_ns, gap.start_ns) > (1 - _SAME) * (gap.end_ns - gap.start_ns)


def _some(names: Sequence[str]) -> str:
    shown, more = list(names[:_MOST]), len(names) - _MOST
    if more > 0:
        shown.append(f"{more} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def order_sentences(
    topics: Mapping[str, TopicTimes], found: Sequence[Restart], first_ns: int
) -> tuple[list[str], list[str]]:
    """Tell where stamps go back (of most topics together, of some); `found` are the restarts, told of their own.

    Of some it is the disorder of several senders, or a clock of their own.
    """
    stamped = 0
    told = []
    places = np.array([restart.place for restart in found])
    for name, times in topics.items():
        known = times.stamped()
        stamped += len(known.stamp_s) >= _ENOUGH
        steps = np.diff(known.stamp_s)
        # a restart lies between two messages
        back = [
            k
            for k in np.flatnonzero(steps < -BACK_S)
            if not np.any((places > known.place[k]) & (places <= known.place[k + 1]))
        ]
        if back:
            most_s, at_s = -float(np.min(steps[back])), float(known.received_ns[back[0] + 1] - first_ns) * 1e-9
            times_ = "once" if len(back) == 1 else f"{len(back)} times"
            told.append(f"the stamps of {name} go back {times_}, by up to {most_s:.1f} s, first at {at_s:.1f} s")
    return (told, []) if 2 * len(told) > stamped else ([], told)


def disorder_sentences(topics: Mapping[str, TopicTimes]) -> list[str]:
    """Tell that messages of one topic do not lie in the order of their reception; between topics there is none."""
    late, most_s = 0, 0.0
    for times in topics.values():
        received = times.received_ns[np.argsort(times.place, kind="stable")]
        behind_s = (np.maximum.accumulate(received) - received) * 1e-9
        late += int(np.count_nonzero(behind_s > BACK_S))
        most_s = max(most_s, float(behind_s.max(initial=0.0)))
    if not late:
        return []
    sentence = f"{late} messages lie up to {most_s:.1f} s behind newer ones of their topic: they are read by their time"
    return [sentence]


def restart_sentences(found: Sequence[Restart], first_ns: int, read: int) -> list[str]:
    """Tell the restarts, and which of the runs between them is read, counted from 0."""
    told = []
    for number, restart in enumerate(found):
        at_s = (restart.received_ns - first_ns) * 1e-9
        told.append(
            f"time goes back from {restart.from_s:.1f} s to {restart.to_s:.1f} s, received {at_s:.1f} s after the "
            f"first message: run {number + 2} begins there"
        )
    if found:
        told.append(f"it holds {len(found) + 1} runs: run {read + 1} is read, which has most messages")
    return told


def clock_sentences(topics: Mapping[str, TopicTimes]) -> list[str]:
    """Tell topics whose stamps are not set, or are of another clock than those of the others."""
    told = []
    stamped = {n: t for n, t in topics.items() if np.isfinite(t.stamp_s).any()}
    unset = [
        name for name, times in stamped.items() if len(times.stamp_s) >= _ENOUGH and not len(times.stamped().stamp_s)
    ]
    if unset:
        told.append(f"no stamp is set on {_some(unset)}")
    known = {}
    for name, times in stamped.items():
        kept = times.stamped()
        if len(kept.stamp_s) >= _ENOUGH:
            known[name] = kept
    if len(known) < 3:
        return told
    ahead = {name: _ahead_s(name, known) for name in known}
    other = [name for name, by_s in ahead.items() if abs(by_s) > _OTHER_CLOCK_S]
    if other and 2 * len(other) < len(known):
        worst = max(other, key=lambda name: abs(ahead[name]))
        told.append(
            f"the stamps of {_some(other)} are of another clock: "
            f"those of {worst} are {ahead[worst]:+.1f} s from the others'"
        )
    return told


def _ahead_s(name: str, known: Mapping[str, TopicTimes]) -> float:
    """Return by how much a topic's stamps lie ahead of the others' of the same reception: of half of them at most."""
    own, found = known[name], []
    own = own.chosen(np.unique(np.linspace(0, len(own.stamp_s) - 1, _LOOKED_AT).astype(int)))
    for other, times in sorted(known.items(), key=lambda item: -len(item[1].stamp_s))[:_COMPARED]:
        if other != name:
            order = np.argsort(times.received_ns, kind="stable")
            expected = np.interp(own.received_ns, times.received_ns[order], times.stamp_s[order])
            inside = (own.received_ns >= times.received_ns.min()) & (own.received_ns <= times.received_ns.max())
            if inside.any():
                found.append(float(np.median((own.stamp_s - expected)[inside])))
    return sorted(found, key=abs)[(len(found) - 1) // 2] if found else 0.0
