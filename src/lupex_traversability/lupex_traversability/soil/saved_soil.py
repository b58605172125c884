# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Learned soil as plain values for a checkpoint, and back: what is damaged is not taken up."""

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lupex_traversability.soil.learned_soil import LearnedSoil, Patch

Array = NDArray[np.float64]

_FORM = 1


def to_plain(soil: LearnedSoil) -> dict[str, Any]:
    """Return what JSON holds."""
    return {
        "form": _FORM,
        "patch_m": soil.config.patch_m,
        "errors": soil.prior.errors.tolist(),
        "time_s": soil.time_s,
        "distance_m": soil.distance_m,
        "windows": soil.windows,
        "wander_m2": soil.wander_m2,
        "variance_m2": soil.variance_m2,
        "forgotten": _text(soil.forgotten),
        "patches": [
            [column, row, patch.windows, patch.time_s, patch.wander_m2, _text(patch.log_likelihood)]
            for (column, row), patch in soil.patches.items()
        ],
    }


def restored(soil: LearnedSoil, values: Mapping[str, Any]) -> str:
    """Let a soil that has learned nothing go on from a checkpoint; return why it could not, empty where it did."""
    try:
        if values["form"] != _FORM or values["patch_m"] != soil.config.patch_m:
            return "of other patches"
        if values["errors"] != soil.prior.errors.tolist():
            return "of other settings"
        shape = (soil.prior.errors.size, soil.prior.patches.shape[1])
        patches = {
            (int(column), int(row)): Patch(_array(text, shape), _number(windows), _number(time_s), _number(wander_m2))
            for column, row, windows, time_s, wander_m2, text in values["patches"]
        }
        forgotten = _array(values["forgotten"], soil.prior.log_weight.shape)
        distance_m, windows, wander_m2 = (
            _number(values["distance_m"]),
            int(values["windows"]),
            _number(values["wander_m2"]),
        )
        time_s, variance_m2 = (
            None if value is None else _number(value) for value in (values["time_s"], values["variance_m2"])
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        return f"damaged: {error!r}"
    if min([patch.windows for patch in patches.values()], default=1.0) <= 0.0 or distance_m < 0.0:
        return "damaged: patches or a way that are none"
    if max([patch.wander_m2 for patch in patches.values()], default=0.0) > wander_m2:
        return "damaged: a patch of a place that is still to come"
    soil.patches, soil.forgotten = patches, forgotten
    soil.distance_m, soil.windows, soil.time_s = distance_m, windows, time_s
    soil.wander_m2, soil.variance_m2 = wander_m2, variance_m2
    return ""


def _text(values: Array) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def _array(text: str, shape: tuple[int, int]) -> Array:
    values = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float64).reshape(shape)
    if not np.isfinite(values).all():
        raise ValueError("a likelihood that is not finite")
    return values


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not finite")
    return number
