# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lupex_models.height_field import HeightField, refine
from lupex_models.site_frame import SiteError
from lupex_worlds.site_import.lola_agreement import Agreement, AgreementLimits, compare, refusal

LIMITS = AgreementLimits()


def made_coarse():
    """Relief of 1.6 km cells without symmetry: a slope, a ridge and a hollow, 1.5 km from low to high."""
    x, y = np.meshgrid(np.arange(-20, 21) * 1600.0, np.arange(-20, 21) * 1600.0)
    heights = 0.05 * x + 0.02 * y + 600.0 * np.exp(-(((x - 1500.0) / 2500.0) ** 2))
    heights -= 900.0 * np.exp(-(((x + 2000.0) ** 2 + (y - 1800.0) ** 2) / 2200.0**2))
    return HeightField(heights.astype(np.float32), -32000.0, -32000.0, 1600.0)


COARSE = made_coarse()


def made_field(extent_m, seed=1):
    """The coarse relief in detail, with hills of its own that the coarse one does not show."""
    count = int(extent_m / 40.0)
    low = -0.5 * (count - 1) * 40.0
    smooth = refine(COARSE, 40.0, low, low, count, count)
    noise = np.random.default_rng(seed).normal(0.0, 15.0, smooth.shape)
    return dataclasses.replace(smooth, heights_m=(smooth.heights_m + noise).astype(np.float32))


def turned(field, turn):
    return dataclasses.replace(field, heights_m=np.ascontiguousarray(turn(field.heights_m)))


@pytest.mark.parametrize("extent_m", [2000.0, 4000.0, 8000.0])
def test_the_right_relief_agrees(extent_m):
    agreement = compare(made_field(extent_m), COARSE)
    assert refusal(agreement, extent_m) == ""
    assert agreement.correlation > 0.99
    assert agreement.difference_m < 5.0
    assert agreement.blocks == max(2, int(extent_m / 800.0)) ** 2


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (lambda z: z[::-1], "flipped north to south"),
        (lambda z: z[:, ::-1], "flipped east to west"),
        (lambda z: z[::-1, ::-1], "turned by 180 degrees"),
        (lambda z: z.T, "mirrored on its diagonal"),
        (lambda z: np.rot90(z), "turned by"),
    ],
)
def test_a_relief_the_wrong_way_round_is_told(turn, said):
    agreement = compare(turned(made_field(8000.0), turn), COARSE)
    assert said in refusal(agreement, 8000.0)


@pytest.mark.parametrize("extent_m", [2000.0, 3000.0])
def test_a_small_piece_the_wrong_way_round_is_told_whatever_its_height(extent_m):
    for turn, said in ((lambda z: z[::-1], "flipped north to south"), (lambda z: z[:, ::-1], "flipped east to west")):
        wrong = turned(made_field(extent_m), turn)
        raised = dataclasses.replace(wrong, heights_m=wrong.heights_m + np.float32(60.0))
        assert said in refusal(compare(raised, COARSE), extent_m)


def test_a_piece_that_fits_as_well_when_mirrored_is_not_refused_but_doubted():
    field = made_field(2000.0)
    level = dataclasses.replace(COARSE, heights_m=np.full_like(COARSE.heights_m, field.heights_m.mean()))
    agreement = compare(field, level)
    assert agreement.better_when == ""
    assert agreement.as_good_when in {"flipped north to south", "flipped east to west", "turned by 180 degrees"} | {
        "turned by 90 degrees",
        "turned by 270 degrees",
        "mirrored on its diagonal",
        "mirrored on its other diagonal",
    }
    assert compare(made_field(8000.0), COARSE).as_good_when == ""


def test_heights_that_stand_elsewhere_are_refused():
    field = made_field(4000.0)
    raised = dataclasses.replace(field, heights_m=field.heights_m + np.float32(200.0))
    assert refusal(compare(raised, COARSE), 4000.0) == "its heights differ from the LOLA relief by 200 m (rms)"


def test_another_relief_of_the_right_mean_height_is_refused_by_its_correlation():
    field = made_field(4000.0)
    rng = np.random.default_rng(3)
    blocks = np.kron(rng.normal(0.0, 60.0, (5, 5)), np.ones((20, 20)))
    other = dataclasses.replace(field, heights_m=(field.heights_m.mean() + blocks).astype(np.float32))
    agreement = compare(other, COARSE)
    generous = dataclasses.replace(LIMITS, largest_difference_m=1e4)
    assert "its correlation with the LOLA relief is" in refusal(agreement, 4000.0, generous)


def test_too_little_to_correlate_is_judged_by_height_alone():
    agreement = Agreement(4, 0.2, 40.0, 300.0, "")
    assert refusal(agreement, 2000.0) == ""
    assert "correlation" in refusal(agreement, 4000.0)
    assert refusal(dataclasses.replace(agreement, reference_relief_m=50.0), 4000.0) == ""


def test_no_variation_is_no_correlation():
    flat = dataclasses.replace(COARSE, heights_m=np.zeros_like(COARSE.heights_m))
    agreement = compare(made_field(4000.0), flat)
    assert math.isnan(agreement.correlation)
    assert "correlation" in refusal(dataclasses.replace(agreement, difference_m=0.0, reference_relief_m=500.0), 4000.0)


def test_gaps_are_left_out_and_nothing_but_gaps_is_refused():
    field = made_field(4000.0)
    holed = field.heights_m.copy()
    holed[:20, :20] = np.nan
    assert compare(dataclasses.replace(field, heights_m=holed), COARSE).blocks == 24
    with pytest.raises(SiteError, match="no known heights"):
        compare(dataclasses.replace(field, heights_m=np.full_like(holed, np.nan)), COARSE)


def test_what_the_coarse_relief_does_not_cover_is_refused():
    far_off = dataclasses.replace(made_field(4000.0), x0_m=40e3)
    with pytest.raises(SiteError, match="does not cover"):
        compare(far_off, COARSE)


def test_cells_larger_than_the_blocks_are_refused():
    with pytest.raises(SiteError, match="too coarse"):
        compare(HeightField(np.zeros((2, 2), np.float32), 0.0, 0.0, 10_000.0), COARSE)
