# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The report in a real browser: what a person sees and does, on a sortie of ours and on a stranger's drive."""

import pytest

from lupex_analysis.report_files import write_report
from lupex_system_tests.recorded_sortie import write_sortie
from lupex_system_tests.stranger import BEGIN_S, LONG_S, WARNED_S, stranger_bag

PHONE = {"width": 390, "height": 844}
RANGES = """(() => { const told = JSON.parse(document.getElementById('explorer-data').textContent);
return told.plots.filter((plot) => plot.element !== 'live-map').map((plot) => {
const range = Bokeh.documents[0].get_model_by_id(plot.id).x_range; return [range.start, range.end]; }); })()"""
CURSORS = "[...document.querySelectorAll('.plot .at')].filter((at) => at.style.display === 'block').length"
PLOTS = "document.querySelectorAll('.plot').length"
ROVER = "(() => { const rover = document.querySelector('.map .rover').dataset; return [+rover.x, +rover.y]; })()"
MOMENT = "+document.getElementById('slider').value"
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
SHOWN = "[...document.querySelectorAll(arguments[0])].filter((each) => each.getClientRects().length > 0).length"


@pytest.fixture(scope="module")
def ours(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("ours")
    write_sortie(store, out / "bag")
    write_report(out / "bag", out)
    return out / "report.html"


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    out = tmp_path_factory.mktemp("stranger")
    write_report(stranger_bag(out / "field_day.mcap"), out)
    return out / "report.html"


INK = """(() => { const told = JSON.parse(document.getElementById('explorer-data').textContent);
const axis = Bokeh.documents[0].get_model_by_id(told.plots[0].id).below[0];
return parseInt(axis.major_label_text_color.slice(1, 3), 16); })()"""
GROUND = "Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number))"


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("page", ["ours", "stranger"])
def test_a_page_fits_in_light_and_dark_and_complains_of_nothing(browser, request, page, size):
    browser.show(request.getfixturevalue(page), fresh=True, **size)
    assert browser.ask(OVERFLOW) <= 0
    if size:
        assert browser.ask("innerWidth") == PHONE["width"]
    browser.until(f"{CURSORS} === {PLOTS}")
    assert browser.ask(GROUND) > 200
    assert browser.ask(INK) < 128
    browser.colours(dark=True)
    browser.until(f"{INK} > 128")
    assert browser.ask(GROUND) < 60
    assert browser.errors() == []


@pytest.mark.parametrize(("page", "chart"), [("ours", "#live-2"), ("stranger", "#live-3")])
def test_the_cursor_moves_on_all_charts_and_on_the_map(browser, request, page, chart):
    browser.show(request.getfixturevalue(page))
    span_s = browser.ask("+document.getElementById('slider').max")
    places = []
    for share in (0.25, 0.6):
        browser.point(chart, share)
        browser.until(f"Math.abs({MOMENT} - arguments[0]) < 0.01 * arguments[1]", share * span_s, span_s)
        lefts = browser.ask("[...document.querySelectorAll('.plot .at')].map((at) => parseFloat(at.style.left))")
        assert max(lefts) - min(lefts) < 40
        places.append((browser.ask(ROVER), sum(lefts)))
    (first, left), (second, right) = places
    assert right > left + 100
    assert abs(first[0] - second[0]) + abs(first[1] - second[1]) > 10.0


def test_the_cursor_tells_values_units_and_both_times(browser, stranger):
    browser.show(stranger)
    browser.point("#live-2", 0.52)
    # it stands from 280 s to 330 s and drives at 0.3 m/s after it
    browser.until("document.querySelector('#moment b').textContent.startsWith('5 min')")
    said = browser.ask("document.querySelector('#motion .keys').textContent")
    assert "measured: /base/odom" in said
    assert "0 m/s" in said
    browser.point("#live-2", 0.8)
    browser.until("document.querySelector('#motion .keys').textContent.includes('0.3 m/s')")
    assert browser.ask("document.querySelector('#moment span').textContent").startswith("2023-11-14 22:21:")
    assert "%" in browser.ask("document.querySelector('#battery .keys').textContent")


def test_the_map_leads_the_cursor_too(browser, stranger):
    browser.show(stranger)
    browser.ask("scrollTo(0, 0)")
    browser.slide(400)
    browser.until(f"Math.hypot({ROVER}[0], {ROVER}[1]) > 10")
    place = browser.ask(ROVER)
    # where the rover is then, a mark stays: the rover itself goes on
    browser.ask("""(() => { const rover = document.querySelector('.map .rover'), mark = rover.cloneNode();
        mark.id = 'there'; mark.className = ''; rover.parentNode.append(mark);
        mark.style.position = 'absolute'; mark.style.pointerEvents = 'none'; })()""")
    browser.slide(50)
    browser.until(f"{ROVER}[0] !== arguments[0]", place[0])
    browser.hover("#there")
    browser.until(f"Math.abs({MOMENT} - 400) < 12")


def test_zooming_one_chart_zooms_the_others_and_all_is_shown_again(browser, ours):
    browser.show(ours)
    whole = browser.ask(RANGES)
    browser.drag("#live-2", 0.3, 0.6)
    browser.until(f"{RANGES}[0][1] < arguments[0]", 0.9 * whole[0][1])
    zoomed = browser.ask(RANGES)
    assert all(each == zoomed[0] for each in zoomed)
    assert zoomed[0] == pytest.approx([0.3 * whole[0][1], 0.6 * whole[0][1]], rel=0.05)
    browser.click("#whole")
    browser.until(f"{RANGES}[0][1] === arguments[0]", whole[0][1])
    browser.click("#closer")
    browser.until(f"{RANGES}[0][1] - {RANGES}[0][0] < arguments[0]", 0.6 * whole[0][1])
    browser.click("#farther")
    browser.until(f"{RANGES}[0][1] === arguments[0]", whole[0][1])


def test_a_fault_in_the_table_and_its_bar_are_gone_to(browser, ours):
    browser.show(ours)
    # of a sortie that begins at 1030 s: told at 2900 s, over at 2960 s
    browser.click("#timeline button.go")
    browser.until(f"Math.abs({MOMENT} - 1870) < 10")
    start, end = (1.0 * edge * 3600 for edge in browser.ask(RANGES)[0])
    assert start < 1870 < 1930 < end < 3600
    assert "terrain_blocked" in browser.ask("document.querySelector('#timeline .keys').textContent")
    browser.click("#whole")
    browser.until(f"{RANGES}[0][1] > 2")
    # node_lost is the last of four rows, told at 3500 s
    span_h = browser.ask(RANGES)[0][1]
    browser.point("#live-0", 2475 / 3600 / span_h, 0.87, press=True)
    browser.until(f"Math.abs({MOMENT} - 2470) < 30 && {RANGES}[0][1] < 1.5")


def test_a_complaint_of_a_stranger_is_gone_to(browser, stranger):
    browser.show(stranger)
    browser.click("#events button.go")
    browser.until(f"Math.abs({MOMENT} - arguments[0]) < 1", WARNED_S)
    assert "left wheel is warm" in browser.ask("document.querySelector('#events .keys').textContent")
    assert browser.ask("Math.abs(JSON.parse(document.getElementById('explorer-data').textContent).utc_zero_s"
        " - arguments[0])", BEGIN_S) < 0.01  # fmt: skip
    assert browser.ask("+document.getElementById('slider').max") == pytest.approx(LONG_S, abs=1)


def test_paper_and_pages_without_scripts_have_the_still_pictures(browser, ours):
    browser.show(ours)
    stills, moving = ".replaced figure > svg", ".plot, .beside, .live"
    assert browser.ask(SHOWN, stills) == 0
    assert browser.ask(SHOWN, moving) > 10
    browser.show(ours, media="print")
    assert browser.ask(SHOWN, moving) == 0
    assert browser.ask(SHOWN, stills) >= 6
    browser.show(ours, scripts=False)
    assert browser.ask(SHOWN, moving) == 0
    assert browser.ask(SHOWN, stills) >= 6
    assert browser.ask(OVERFLOW) <= 0
