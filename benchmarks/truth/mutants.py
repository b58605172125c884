# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Twelve mutants that once survived all tests: each is made for real, and its tests must fail."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import ROOT, Asked, Context, Outcome

ASKED = {"known_mutants_killed": Asked(12.0, at_most=False)}

_COPIED = ("src", "test", "config", "worlds", "description", "launch", "underlay", "pyproject.toml", "conftest.py")
"""What the tests of the packages read: sources, the settings of pytest, and the files beside them."""
_BUILT = ("lupex_interfaces", "lupex_bringup")
"""Packages that are taken as they were built, if they were."""
_LIMIT_S = 600.0


class MutantError(Exception):
    """A mutant cannot be made, or says nothing: in a sentence."""


@dataclass(frozen=True)
class Mutant:
    """A fault: `old` stands exactly once in the file (relative to the repository) and `new` takes its place.

    Each of the tests, by pytest's node ids, must fail of it; of a parametrized one, a case at least.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


_PLANNING = "src/lupex_path_planning"
_LIGHT = f"{_PLANNING}/lupex_path_planning/light_slices.py"
_LEAST_LIGHT = f"{_PLANNING}/test/test_least_light.py"
_MOVES = f"{_PLANNING}/test/test_move_costs.py"
_LOCALIZATION = "src/lupex_localization"
_NOISE = f"{_LOCALIZATION}/test/test_stated_noise.py"
_SIMULATOR = "src/lupex_simulator"
_TRACKS = f"{_SIMULATOR}/lupex_simulator/crawler/true_locomotion.py"
_SCORING = "src/lupex_analysis/test/test_scoring.py"
_SEEN_SUN = f"{_SIMULATOR}/test/test_seen_sun.py"

KNOWN = (
    Mutant(
        "margin to the kind side",
        _LIGHT,
        "disc_fraction(elevation - config.light_margin_rad,",
        "disc_fraction(elevation + config.light_margin_rad,",
        (
            f"{_LEAST_LIGHT}::test_the_least_power_of_a_slice_is_that_of_a_lower_sun_on_a_weaker_array",
            f"{_LEAST_LIGHT}::test_a_sun_that_clears_the_skyline_by_less_than_the_margin_promises_nothing",
        ),
    ),
    Mutant(
        "array factor ignored",
        _LIGHT,
        " * np.float32(config.array_factor)",
        "",
        (f"{_LEAST_LIGHT}::test_the_least_power_of_a_slice_is_that_of_a_lower_sun_on_a_weaker_array",),
    ),
    Mutant(
        "slope error ignored",
        f"{_PLANNING}/lupex_path_planning/site_grid.py",
        "along = np.max(along_of, axis=0) + slope_error_rad",
        "along = np.max(along_of, axis=0)",
        (f"{_MOVES}::test_a_map_that_errs_costs_what_ground_steeper_by_its_error_does",),
    ),
    Mutant(
        "sign of the attitude's reset",
        f"{_LOCALIZATION}/lupex_localization/error_state_filter.py",
        "h0, h1, h2 = 0.5 * e0, 0.5 * e1, 0.5 * e2",
        "h0, h1, h2 = -0.5 * e0, -0.5 * e1, -0.5 * e2",
        (f"{_NOISE}::test_after_a_great_correction_the_attitudes_spread_is_told_in_the_new_axes",),
    ),
    Mutant(
        "correlation of the tracks' noise ignored",
        f"{_LOCALIZATION}/lupex_localization/motion_filter.py",
        "spread = max(1.0, 2.0 * terms.config.tracks.noise_correlation_s / max(self.joint_interval_s, 1e-3))",
        "spread = 1.0",
        (
            f"{_NOISE}::test_the_way_run_is_as_uncertain_as_an_error_that_lasts_makes_it",
            f"{_NOISE}::test_tracks_that_err_alike_for_a_second_leave_the_way_within_its_sigma",
        ),
    ),
    Mutant(
        "alignment of the star tracker ignored",
        f"{_LOCALIZATION}/lupex_localization/measurements.py",
        "jacobian[:, esf.ERROR_ATTITUDE] = jacobian[:, esf.ERROR_STAR] = np.eye(3)",
        "jacobian[:, esf.ERROR_ATTITUDE] = np.eye(3)",
        (f"{_NOISE}::test_a_fix_is_no_better_than_the_mounting_of_the_star_tracker",),
    ),
    Mutant(
        "drag factor ignored",
        _TRACKS,
        "crawler.internal_resistance_coefficient * drag_factor,",
        "crawler.internal_resistance_coefficient,",
        (
            f"{_SIMULATOR}/test/test_true_locomotion.py"
            "::test_internal_friction_is_the_rover_s_times_the_drawn_drag_and_less_when_slow",
        ),
    ),
    Mutant(
        "bus dying only at half the load",
        f"{_SIMULATOR}/lupex_simulator/power/power_bus.py",
        "met=given_w >= wanted_w - _UNMET_W,",
        "met=given_w >= 0.5 * wanted_w - _UNMET_W,",
        (
            f"{_SIMULATOR}/test/test_power_bus.py"
            "::test_a_load_a_twentieth_beyond_what_the_converter_gives_takes_the_bus_down",
        ),
    ),
    Mutant(
        "friction without the normal part",
        _TRACKS,
        "track.internal_resistance * quick * load_n",
        "track.internal_resistance * quick * 0.25 * track.mass_kg * MOON_GRAVITY_M_S2",
        (f"{_SIMULATOR}/test/test_true_locomotion.py::test_the_soil_pays_for_what_is_lifted_and_sheared",),
    ),
    Mutant(
        "NEES without the covariance of x and y",
        "src/lupex_analysis/lupex_analysis/scoring.py",
        'at("xx_m2"), at("xy_m2"), at("yy_m2"))',
        'at("xx_m2"), 0.0 * at("xy_m2"), at("yy_m2"))',
        (
            f"{_SCORING}::test_an_error_of_so_many_sigmas_along_either_axis_of_the_ellipse_weighs_their_square",
            f"{_SCORING}::test_errors_drawn_from_the_stated_covariance_are_chi_squares",
        ),
    ),
    Mutant(
        "Sun turned the wrong way at the array",
        f"{_SIMULATOR}/lupex_simulator/simulation.py",
        "deck_incidence_rad(*(self._rotation.T @ self._sun_map).tolist())",
        "deck_incidence_rad(*(self._rotation @ self._sun_map).tolist())",
        (
            f"{_SEEN_SUN}::test_a_tilted_tower_meets_the_sun_at_its_height_over_the_deck",
            f"{_SEEN_SUN}::test_leaning_away_from_the_sun_costs_array_power_and_turning_on_the_spot_does_not",
        ),
    ),
    Mutant(
        "permanent shadow nowhere",
        f"{_SIMULATOR}/lupex_simulator/simulation.py",
        "shadow = bool(self.world.strata.in_permanent_shadow(x_m, y_m))",
        "shadow = False",
        (f"{_SEEN_SUN}::test_ground_that_never_sees_the_sun_is_colder_than_shade_and_lit_ground_warmer",),
    ),
)


def mutated(root: Path, mutant: Mutant) -> str:
    """Return the mutant's file with the fault in it.

    Raises MutantError when the file is not there, or does not hold the old text exactly once.
    """
    path = root / mutant.file
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MutantError(f"mutant '{mutant.name}': {path} cannot be read ({error.strerror})") from error
    count = text.count(mutant.old)
    if count != 1:
        raise MutantError(
            f"mutant '{mutant.name}': {mutant.file} holds {mutant.old!r} {count} times instead of once; "
            "the code has moved on, let the mutant follow it"
        )
    return text.replace(mutant.old, mutant.new)


def killed(root: Path, mutant: Mutant) -> bool:
    """Tell whether all the mutant's tests fail of it, in a copy of the repository that is thrown away.

    Raises MutantError when it cannot be made, or when its tests cannot be run.
    """
    fault = mutated(root, mutant)
    with _copy(root) as copy:
        (copy / mutant.file).write_text(fault, encoding="utf-8")
        return failed(copy, mutant.tests) == set(mutant.tests)


def failed(root: Path, tests: Sequence[str]) -> set[str]:
    """Run tests of a repository in a process of its own; return those of them that fail.

    Kernels are compiled anew: numba does not notice that what a kernel of another file calls has changed.
    Raises MutantError when pytest finds no such test, cannot run it, or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="lupex-kernels-") as kernels:
        sources = [str(path) for path in sorted((root / "src").iterdir()) if path.name not in _BUILT]
        # its own sources before those of any other checkout
        path = os.pathsep.join([*sources, str(root / "test"), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path, "NUMBA_CACHE_DIR": kernels, "LUPEX_ROOT": str(root)}
        command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(
                command, cwd=root, env=environment, capture_output=True, text=True, timeout=_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise MutantError(f"{', '.join(tests)}: not done after {_LIMIT_S:g} s") from error
    lines = done.stdout.splitlines()
    broken = next((line for line in lines if line.startswith("ERROR")), None)
    if done.returncode not in (0, 1) or broken is not None:
        said = broken or (done.stdout + done.stderr).strip()[-500:]
        raise MutantError(f"{', '.join(tests)}: cannot be run: {said}")
    ids = [line.split()[1] for line in lines if line.startswith("FAILED ")]
    return {test for test in tests if any(found == test or found.startswith(f"{test}[") for found in ids)}


def sound(root: Path) -> None:
    """Raise MutantError where a test of a mutant fails without it: then its failing tells nothing."""
    tests = sorted({test for mutant in KNOWN for test in mutant.tests})
    with _copy(root) as copy:
        fails = failed(copy, tests)
    if fails:
        raise MutantError(f"without any mutant fail already: {', '.join(sorted(fails))}")


def run(context: Context) -> Outcome:
    """Count how many of the known mutants die."""
    if not context.quick:
        sound(ROOT)
    rows = []
    for mutant in KNOWN[:1] if context.quick else KNOWN:
        context.say(f"mutant: {mutant.name}")
        rows.append({"mutant": mutant.name, "file": mutant.file, "killed": killed(ROOT, mutant)})
    figures = {"known_mutants_killed": float(sum(bool(row["killed"]) for row in rows))}
    return Outcome(figures, {"mutants": rows}, ("A mutant is killed when all the tests named with it fail of it.",))


def main() -> int:
    """Print a table of the known mutants; return 0 only if all die."""
    try:
        sound(ROOT)
        print(f"| {'mutant':<42} | killed |\n|{'-' * 44}|--------|", flush=True)
        dead = 0
        for mutant in KNOWN:
            dies = killed(ROOT, mutant)
            dead += dies
            print(f"| {mutant.name:<42} | {'yes' if dies else 'NO':<6} |", flush=True)
    except MutantError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{dead} of {len(KNOWN)} killed")
    return 0 if dead == len(KNOWN) else 1


@contextmanager
def _copy(root: Path) -> Iterator[Path]:
    """Give a copy of what the tests need."""
    with tempfile.TemporaryDirectory(prefix="lupex-mutant-") as directory:
        copy = Path(directory)
        ignore = shutil.ignore_patterns("__pycache__", ".*")
        for name in _COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=ignore, symlinks=True)
            elif source.is_file():
                shutil.copy2(source, copy / name)
        yield copy


if __name__ == "__main__":
    sys.exit(main())
