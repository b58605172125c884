# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""When work can begin at a target at all, and with what margin at best.

Whoever comes to a target was last in light somewhere: from there on the battery paid for the way in the dark, and
before it held no more than the brightest light since the start allows.
"""

import math
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lupex_path_planning.site_grid import STEPS
from lupex_path_planning.sortie.fields import SortieFields, Work
from lupex_path_planning.way_back.recovery import RecoveryPolicy

Array = NDArray[np.float64]


def openings(
    fields: SortieFields,
    policy: RecoveryPolicy,
    works: Sequence[Work],
    start: tuple[int, int],
    time_s: float,
    energy_j: float,
    earth: NDArray[np.bool_] | None,
) -> Array:
    """Return the greatest margin [J] with which work can begin at each target in each slice; -inf: not at all.

    At best, for a sortie from a place, time and charge; (targets, slices).
    """
    light, pace = policy.light, fields.pace
    rates = np.array([light.start_s, light.slice_s, pace.discharge, pace.charge, pace.charge_max_w, policy.capacity_j])
    most = _most_charge(fields.brightest_w, time_s, energy_j, pace.parked_w, rates)
    margins = np.empty((len(works), policy.count))
    for index, (cell, work) in enumerate(zip(fields.cells, works, strict=True)):
        loss = fields.drawn_j[index] * pace.discharge
        loss_lit, reach_lit = _from_light(fields, index)
        orders = np.argsort(loss_lit, axis=None), np.argsort(reach_lit, axis=None)
        seen = np.ones(policy.count, np.bool_) if earth is None else np.ascontiguousarray(earth[:, cell[0], cell[1]])
        margins[index] = _margins(
            light.expected_w.reshape(light.count, -1), *orders, loss_lit.ravel(), reach_lit.ravel(), most,
            np.ascontiguousarray(policy.need_j[:, cell[0], cell[1]], dtype=np.float64),
            np.ascontiguousarray(light.expected_w[:, cell[0], cell[1]], dtype=np.float64), seen,
            (time_s, energy_j, float(fields.reach_s[index][start]), float(loss[start])),
            work.service_s, work.service_w, pace.parked_w, rates,
        )  # fmt: skip
    return margins


def _from_light(fields: SortieFields, index: int) -> tuple[Array, Array]:
    """Return least stored loss and least time from the last light in a cell to a target: half a move is still lit."""
    pace = fields.pace
    loss, reach = fields.drawn_j[index], fields.reach_s[index]
    least_loss, least_reach = loss.copy(), reach.copy()
    ny, nx = loss.shape
    for move, (di, dj) in enumerate(STEPS):
        rows, columns = slice(max(-di, 0), ny - max(di, 0)), slice(max(-dj, 0), nx - max(dj, 0))
        to = slice(max(di, 0), ny - max(-di, 0)), slice(max(dj, 0), nx - max(-dj, 0))
        here = rows, columns
        half_s = 0.5 * pace.time_s[move][here]
        half_j = np.where(np.isfinite(half_s), half_s, 0.0) * pace.power_w[move][here]
        least_loss[here] = np.minimum(least_loss[here], np.where(np.isfinite(half_s), half_j + loss[to], np.inf))
        least_reach[here] = np.minimum(least_reach[here], half_s + reach[to])
    return least_loss * pace.discharge, least_reach


@njit(cache=True, nogil=True)
def _most_charge(brightest, time_s, energy, parked, rates):  # type: ignore[no-untyped-def]
    """Return the greatest energy that any cell's light allows within each slice."""
    start, slice_s, _, charge, charge_max, capacity = rates
    most = np.full(brightest.size, energy)
    for k in range(brightest.size):
        if start + (k + 1) * slice_s <= time_s:
            continue
        gain = min(max(brightest[k] - parked, 0.0), charge_max) * charge
        lasts = start + (k + 1) * slice_s - max(time_s, start + k * slice_s)
        energy = min(capacity, energy + gain * lasts)
        most[k] = energy
    return most


@njit(cache=True, nogil=True)
def _margins(  # type: ignore[no-untyped-def]
    expected, by_loss, by_reach, loss, reach, most, need, sun, seen, begin, service_s, service_w, parked, rates
):
    """Return the greatest margin over the need with which work can begin in each slice and be ended."""
    start, slice_s, discharge, charge, charge_max, _ = rates
    time_s, energy, direct_s, direct_j = begin
    count = need.size
    # greatest energy of whoever comes to the target within a slice
    come = np.full(count, -math.inf)
    # nothing draws less than the parked rover, so whoever paid so little is not under way for longer
    lasting = slice_s * parked * discharge
    if direct_s < math.inf:
        k = max(math.floor((time_s + direct_s - start) / slice_s), 0)
        while k < count and (start + k * slice_s - time_s) / slice_s * lasting <= max(direct_j, lasting):
            come[k] = energy - direct_j
            k += 1
    first = max(math.floor((time_s - start) / slice_s), 0)
    for k in range(first, count):
        value, soonest = -math.inf, math.inf
        for at in by_loss:
            if not loss[at] < most[k]:
                break
            if expected[k, at] > 0.0:
                value = most[k] - loss[at]
                break
        if value == -math.inf:
            continue
        for at in by_reach:
            if not reach[at] < math.inf:
                break
            if expected[k, at] > 0.0:
                soonest = reach[at]
                break
        m = max(math.floor(soonest / slice_s), 0)
        # who left the light within slice k comes from slice k + m on, by the thrifty way or the quick one
        arrival = k + m
        while arrival < count and (arrival - k - 1) * lasting <= max(most[k] - value, (m + 1) * lasting):
            come[arrival] = max(come[arrival], value)
            arrival += 1
    margins = np.full(count, -math.inf)
    kept = -math.inf
    stay = math.floor(service_s / slice_s)
    for k in range(count):
        here = max(kept, come[k])
        gain = min(max(sun[k] - parked, 0.0), charge_max) * charge
        loss_parked = max(parked - sun[k], 0.0) * discharge
        # parked from the begin of the slice to its end, or come within it and at its end as rich
        kept = max(kept - loss_parked * slice_s, come[k]) + gain * slice_s
        visible = True
        for m in range(k, min(k + math.floor((service_s - 1e-6) / slice_s), count - 1) + 1):
            visible = visible and seen[m]
        if k + stay >= count or not visible:
            continue
        bright = 0.0
        for m in range(k, min(k + stay + 2, sun.size)):
            bright = max(bright, sun[m])
        net = parked + service_w - bright
        left = here
        if net > 0.0:
            left -= net * discharge * service_s
        else:
            left += min(-net, charge_max) * charge * service_s
        asked = need[k + stay]
        if k + stay + 1 < count:
            asked = min(asked, need[k + stay + 1])
        margins[k] = min(min(here, rates[5]) - need[k], min(left, rates[5]) - asked)
    return margins
