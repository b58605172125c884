# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Every public equation says where it was taken from."""

import importlib
import inspect
import re

import pytest

NO_EQUATION = {
    "battery": {
        "battery_row",
        "charge_capacity_c",
        "soc_at_voltage",
        "soc_for_energy",
        "usable_capacity_j",
        "usable_energy_at",
        "usable_energy_wh",
    },
    "craters": {"add_craters", "crater_age_myr", "one_crater"},
    "crawler_motion": set(),
    "locomotion": {"crawler_row", "lookup", "tilt_components"},
    "rocks": {"add_rocks"},
    "soil": {"nominal_soil", "soil_spread"},
    "solar_array": {"tower_incidence_rad"},
    "terrain": {"border_taper", "clear_of", "fine_patch", "rough_relief", "stream"},
    "thermal": {"avionics_heat", "heats", "stored_heat_j", "thermal_row", "thermostat"},
    "wheel": set(),
}
"""By module: inverses, geometry, bookkeeping and composition of what stands beside them with its source."""

AUTHOR_AND_YEAR = re.compile(
    r"[A-Z][a-z]+( \(| et al\. | and [A-Z][a-z]+ |, |, [A-Z][a-z]+ and [A-Z][a-z]+ | )\(?(19|20)\d\d"
)


def equations():
    for name in NO_EQUATION:
        module = importlib.import_module(f"lupex_models.{name}")
        for key, item in vars(module).items():
            function = getattr(item, "py_func", item)
            if key.startswith("_") or not inspect.isfunction(inspect.unwrap(function)):
                continue
            if function.__module__ == module.__name__:
                yield pytest.param(name, key, inspect.unwrap(function), id=f"{name}.{key}")


EQUATIONS = list(equations())


@pytest.mark.parametrize(("module", "name", "function"), EQUATIONS)
def test_an_equation_names_its_source(module, name, function):
    if name in NO_EQUATION[module]:
        return
    assert AUTHOR_AND_YEAR.search(function.__doc__ or ""), f"{module}.{name} must name author and year of its equation"


def test_nothing_is_excused_that_is_not_there():
    named = {(parameters.values[0], parameters.values[1]) for parameters in EQUATIONS}
    assert {(module, name) for module, names in NO_EQUATION.items() for name in names} <= named
