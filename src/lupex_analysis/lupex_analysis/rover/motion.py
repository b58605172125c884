# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Commanded against measured speed: how well a rover follows, and after what delay."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lupex_analysis.reading import Recording
from lupex_analysis.rover.roles import COMMANDS, SPEEDS, called_true

_STEP_S = 0.1
_LATEST_S = 3.0
"""Delays that are looked for."""
_HELD_S = 1.0
"""For which a command holds that is not told again."""
_LEAST = 50
_MOVES = 0.005


@dataclass(frozen=True)
class Speeds:
    """Speed ahead [m/s] and rate of turn [rad/s] by the time of reception [s]."""

    topic: str
    time_s: np.ndarray
    ahead_mps: np.ndarray
    turn_rad_s: np.ndarray


def commanded(recording: Recording) -> Speeds | None:
    """Return the commands of the topic that tells most of them."""
    return _most(recording, COMMANDS)


def measured(recording: Recording) -> Speeds | None:
    """Return the speeds of the topic that tells most of them, of those that are not always zero."""
    return _most(recording, SPEEDS)


def _most(recording: Recording, kinds: Any) -> Speeds | None:
    found = []
    for topic, received in recording.received_ns.items():
        kind = recording.types.get(topic, "")
        if kind in kinds:
            x, y, _, turn = (recording.columns(topic, kinds[kind])[name] for name in kinds[kind])
            # a rover that crabs moves sideways too
            ahead = np.where(np.abs(x) >= np.abs(y), x, y)
            known = np.isfinite(ahead) & np.isfinite(turn)
            if (np.abs(ahead[known]) > 0.0).any() or (np.abs(turn[known]) > 0.0).any():
                found.append(Speeds(topic, received[known] * 1e-9, ahead[known], turn[known]))
    return max(found, key=lambda speeds: (not called_true(speeds.topic), len(speeds.time_s)), default=None)


def motion_figures(asked: Speeds | None, told: Speeds | None) -> dict[str, Any]:
    """Return how measured speeds follow commands; None, with the reason under `missing`, where it is not known."""
    found: dict[str, Any] = {
        "commands": asked and asked.topic,
        "speeds": told and told.topic,
        "delay_s": None,
        "speed_gain": None,
        "speed_rms_mps": None,
        "turn_rms_rad_s": None,
        "driven_without_command_s": None,
        "missing": None,
    }
    if asked is None or told is None:
        found["missing"] = "no commanded speed that moves" if asked is None else "no measured speed that moves"
        return found
    begin, end = max(asked.time_s[0], told.time_s[0]), min(asked.time_s[-1] + _HELD_S, told.time_s[-1])
    grid = np.arange(begin, end, _STEP_S)
    if len(grid) < _LEAST:
        found["missing"] = "commands and measured speeds overlap for less than 5 s"
        return found
    last = np.clip(np.searchsorted(asked.time_s, grid, side="right") - 1, 0, None)
    held = grid - asked.time_s[last] <= _HELD_S
    ahead, turn = (np.where(held, values[last], 0.0) for values in (asked.ahead_mps, asked.turn_rad_s))
    own = {name: np.interp(grid, told.time_s, values) for name, values in _columns(told).items()}
    main = ("ahead", ahead) if np.ptp(ahead) > _MOVES else ("turn", turn)
    lag = _delay(main[1], own[main[0]])
    count = len(grid) - lag
    ahead, turn = ahead[:count], turn[:count]
    own = {name: values[lag:] for name, values in own.items()}
    moving = np.abs(ahead) > _MOVES
    found["delay_s"] = lag * _STEP_S
    if moving.any():
        found["speed_gain"] = float(np.sum(own["ahead"][moving] * ahead[moving]) / np.sum(ahead[moving] ** 2))
    found["speed_rms_mps"] = float(np.sqrt(np.mean((own["ahead"] - ahead) ** 2)))
    found["turn_rms_rad_s"] = float(np.sqrt(np.mean((own["turn"] - turn) ** 2)))
    idle = (np.abs(ahead) <= _MOVES) & (np.abs(turn) <= _MOVES)
    found["driven_without_command_s"] = _STEP_S * float(np.count_nonzero(idle & (np.abs(own["ahead"]) > 4 * _MOVES)))
    return found


def _columns(speeds: Speeds) -> dict[str, np.ndarray]:
    return {"ahead": speeds.ahead_mps, "turn": speeds.turn_rad_s}


def _delay(asked: np.ndarray, told: np.ndarray) -> int:
    """Return the steps after which measured speeds look most like the commands."""
    most = min(round(_LATEST_S / _STEP_S), len(asked) // 4)
    errors = [float(np.mean((told[lag:] - asked[: len(asked) - lag]) ** 2)) for lag in range(most + 1)]
    return int(np.argmin(errors))
