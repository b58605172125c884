# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a return certificate may claim, and in which order."""

import math

import pytest

from lupex_models.stated_proof import FORGOTTEN_S, StatedProof, Turn, contradiction

CAPACITY_WH = 2500.0


@pytest.mark.parametrize(
    "stated",
    [StatedProof(1500.0, 600.0, 900.0), StatedProof(-20.0, 400.0, -420.0), StatedProof(2600.0, 0.0, 2600.05)],
)
def test_what_a_battery_can_have_is_no_contradiction(stated):
    assert contradiction(stated, CAPACITY_WH) == ""


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (StatedProof(2800.0, 600.0, 2200.0), "energy_wh is 2800, and the battery holds 2500"),
        (StatedProof(-2800.0, 600.0, -3400.0), "energy_wh is -2800"),
        (StatedProof(1500.0, -0.1, 1500.1), "required_wh is -0.1"),
        (StatedProof(1500.0, 600.0, 901.0), "margin_wh is 901"),
        (StatedProof(1500.0, 600.0, 899.0), "margin_wh is 899"),
        (StatedProof(math.nan, 600.0, 900.0), "energy_wh is not finite"),
        (StatedProof(1500.0, math.inf, -math.inf), "required_wh is not finite"),
    ],
)
def test_what_no_battery_can_have_is_named(stated, words):
    assert words in contradiction(stated, CAPACITY_WH)


def test_numbers_grow():
    turn = Turn(7, 100.0)
    assert turn.refusal(8, 101.0) == ""
    assert "number 7, and 7 was used" in turn.refusal(7, 101.0)
    assert "number 3" in turn.refusal(3, 100.0)


def test_after_a_silence_or_a_clock_that_has_gone_back_they_may_begin_anew():
    turn = Turn(7, 100.0)
    assert turn.refusal(1, 100.0 + FORGOTTEN_S) != ""
    assert turn.refusal(1, 100.1 + FORGOTTEN_S) == ""
    assert turn.refusal(1, 99.0) == ""


def test_any_number_is_the_first():
    assert Turn().refusal(0, 0.0) == ""
