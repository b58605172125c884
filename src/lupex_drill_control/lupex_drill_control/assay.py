# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From the raw weighings of a heated sample to its share of water ice."""

import math
from dataclasses import dataclass

from lupex_drill_control.config import Assay


class AssayError(ValueError):
    """Say why a sample analysis cannot be used."""


@dataclass(frozen=True)
class IceFraction:
    """Mass share of water ice of one depth interval, with one sigma; both in [0, 1]."""

    top_m: float
    bottom_m: float
    fraction: float
    sigma: float


def ice_fraction(
    top_m: float, bottom_m: float, sample_mass_kg: float, mass_loss_kg: float, mass_sigma_kg: float, assay: Assay
) -> IceFraction:
    """Turn one thermogravimetric reading into the ice fraction of its depth interval.

    The loss is the difference of two weighings, before and after heating, each with `mass_sigma_kg`; the first
    also divides it, so with f = 1 - after/before the variance is (sigma/before)^2 (1 + (1 - f)^2). Then the
    assumed corrections of the configuration: dry regolith loses `dry_loss` too, and a share `handling_loss` of the
    ice sublimates before the first weighing; both spread into sigma. The fraction is clipped to [0, 1] because the
    balance's noise can take it outside; sigma is not touched by that. Raises AssayError.
    """
    values = (top_m, bottom_m, sample_mass_kg, mass_loss_kg, mass_sigma_kg)
    if not all(math.isfinite(value) for value in values):
        raise AssayError("a sample analysis holds a value that is not finite: it is not used")
    if not top_m + 1e-6 >= 0 or bottom_m <= top_m:
        raise AssayError(f"a sample analysis names the depth interval {top_m:g} to {bottom_m:g} m: it is not used")
    if mass_sigma_kg < 0 or sample_mass_kg <= max(assay.lightest_sigma * mass_sigma_kg, 0.0):
        raise AssayError(
            f"a sample of {sample_mass_kg * 1e3:.3f} g with a balance of {mass_sigma_kg * 1e3:.3f} g says nothing"
        )
    raw = mass_loss_kg / sample_mass_kg
    if abs(raw) > 1 + assay.lightest_sigma * mass_sigma_kg / sample_mass_kg:
        raise AssayError("a sample analysis reports a loss greater than the sample: it is not used")
    raw_sigma = mass_sigma_kg / sample_mass_kg * math.sqrt(1 + (1 - raw) ** 2)
    weighed = raw - assay.dry_loss
    kept = 1 - assay.handling_loss
    # With x of true ice, weighed = kept x / (kept x + 1 - x); solved for x.
    scale = kept + (1 - kept) * weighed
    corrected = weighed / scale
    slope = kept / scale**2
    handling_slope = weighed * (1 - weighed) / scale**2
    sigma = math.sqrt(
        (slope * raw_sigma) ** 2
        + (slope * assay.dry_loss_sigma) ** 2
        + (handling_slope * assay.handling_loss_sigma) ** 2
    )
    return IceFraction(top_m, bottom_m, min(max(corrected, 0.0), 1.0), min(sigma, 1.0))


def column_mean(fractions: list[IceFraction]) -> tuple[float, float]:
    """Average ice fractions over depth, weighted by interval length; returns mean and one sigma.

    Handling and dry loss are common to all samples, but their part is small beside the balance's, so samples count as
    independent. Returns (0, 1) with no sample: nothing is known.
    """
    lengths = [item.bottom_m - item.top_m for item in fractions]
    total = sum(lengths)
    if total <= 0:
        return 0.0, 1.0
    mean = sum(length * item.fraction for length, item in zip(lengths, fractions, strict=True)) / total
    variance = sum((length * item.sigma) ** 2 for length, item in zip(lengths, fractions, strict=True)) / total**2
    return mean, math.sqrt(variance)
