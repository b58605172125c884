# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lupex_drill_control.assay import AssayError, IceFraction, column_mean, ice_fraction
from lupex_drill_control.config import Assay

EXACT = Assay(dry_loss=0.0, dry_loss_sigma=0.0, handling_loss=0.0, handling_loss_sigma=0.0)


def test_sigma_matches_the_scatter_of_two_noisy_weighings():
    rng = np.random.default_rng(4)
    mass, ice, sigma = 0.010, 0.055, 2e-5
    before = mass + sigma * rng.standard_normal(4000)
    after = mass * (1 - ice) + sigma * rng.standard_normal(4000)
    found = [ice_fraction(0, 0.1, b, b - a, sigma, EXACT) for b, a in zip(before, after, strict=True)]
    scatter = np.std([item.fraction for item in found])
    # 4000 draws know their scatter to 1.1 percent: 5 percent is over four sigma.
    assert found[0].sigma == pytest.approx(scatter, rel=0.05)
    assert np.mean([item.fraction for item in found]) == pytest.approx(ice, abs=4 * scatter / np.sqrt(4000))


@pytest.mark.property
@given(ice=st.floats(0, 0.5), dry=st.floats(0, 0.01), lost=st.floats(0, 0.3))
def test_the_correction_undoes_handling_loss(ice, dry, lost):
    kept = (1 - lost) * ice
    weighed = kept / (kept + 1 - ice)
    corrected = ice_fraction(0, 0.1, 1.0, weighed + dry, 0.0, replace(EXACT, dry_loss=dry, handling_loss=lost))
    assert corrected.fraction == pytest.approx(ice, abs=1e-9)


def test_assumed_losses_widen_sigma():
    sure = ice_fraction(0, 0.1, 0.01, 0.0005, 1e-5, EXACT)
    unsure = ice_fraction(0, 0.1, 0.01, 0.0005, 1e-5, replace(EXACT, handling_loss_sigma=0.1, dry_loss_sigma=0.002))
    assert unsure.sigma > sure.sigma
    assert unsure.fraction == sure.fraction


def test_noise_below_zero_is_clipped_but_keeps_its_sigma():
    found = ice_fraction(0, 0.1, 0.01, -1e-5, 1e-5, EXACT)
    assert found.fraction == 0
    assert found.sigma > 0


@pytest.mark.parametrize(
    "values",
    [
        (0, 0.1, float("nan"), 0.1, 0.01),
        (0.2, 0.1, 1.0, 0.1, 0.01),
        (-0.5, 0.1, 1.0, 0.1, 0.01),
        (0, 0.1, 0.01, 0.001, 0.01),
        (0, 0.1, 0.0, 0.0, 0.0),
        (0, 0.1, 1.0, 0.1, -0.01),
        (0, 0.1, 1.0, 1.5, 0.01),
    ],
)
def test_senseless_readings_are_refused(values):
    with pytest.raises(AssayError):
        ice_fraction(*values, Assay())


def test_the_column_is_weighted_by_length():
    mean, sigma = column_mean([IceFraction(0, 0.1, 0.0, 0.01), IceFraction(0.1, 0.4, 0.08, 0.01)])
    assert mean == pytest.approx(0.06)
    assert sigma == pytest.approx(0.01 * np.hypot(0.25, 0.75))
    assert column_mean([]) == (0.0, 1.0)
