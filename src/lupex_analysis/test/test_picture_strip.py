# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import base64
import re
from types import SimpleNamespace

import numpy as np
import pytest

from lupex_analysis.figures.picture_strip import PICTURES, strip_html, strips
from lupex_analysis.sortie import HAZARD, NAVIGATION, NAVIGATION_RIGHT

JPEG = b"\xff\xd8\xff\xe0"


def message(time_s, data=None):
    stamp = SimpleNamespace(sec=int(time_s), nanosec=round(time_s % 1 * 1e9))
    data = JPEG + str(time_s).encode() if data is None else data
    return SimpleNamespace(header=SimpleNamespace(stamp=stamp), data=np.frombuffer(data, np.uint8))


def recording(**topics):
    names = {"left": NAVIGATION, "right": NAVIGATION_RIGHT, "hazard": HAZARD}
    return SimpleNamespace(messages={names[key]: tuple(held) for key, held in topics.items()})


def sortie(times, way):
    return SimpleNamespace(truth={"t": np.array(times, float), "distance_m": np.array(way, float)}, start_s=1000.0)


DRIVE_AND_STAND = sortie([1000.0, 1100.0, 5000.0], [0.0, 100.0, 100.0])


def test_pictures_are_spread_over_the_way_and_not_over_the_hours_of_standing():
    held = [message(1000.0 + 10.0 * k) for k in range(401)]
    shown = strips(recording(left=held), DRIVE_AND_STAND)[NAVIGATION]
    assert len(shown) == PICTURES
    assert [picture.way_m for picture in shown] == pytest.approx([0.0, 20.0, 40.0, 60.0, 80.0, 100.0])
    # how it ended is shown, though it had been there for long
    assert shown[-1].time_s == 5000.0


def test_who_only_stood_is_shown_over_the_time():
    held = [message(1000.0 + 100.0 * k) for k in range(11)]
    shown = strips(recording(left=held), sortie([1000.0, 2000.0], [0.0, 0.0]))[NAVIGATION]
    assert [picture.time_s for picture in shown] == [1000.0, 1200.0, 1400.0, 1600.0, 1800.0, 2000.0]


def test_few_pictures_are_all_shown_in_the_order_of_time():
    shown = strips(recording(hazard=[message(1050.0), message(1010.0)]), DRIVE_AND_STAND)
    assert [picture.time_s for picture in shown[HAZARD]] == [1010.0, 1050.0]
    assert list(shown) == [HAZARD]


def test_what_a_browser_cannot_show_is_left_out():
    assert strips(recording(left=[message(1000.0, b"raw"), message(1001.0, b"")]), DRIVE_AND_STAND) == {}
    png = strips(recording(left=[message(1000.0, b"\x89PNG rest")]), DRIVE_AND_STAND)[NAVIGATION]
    assert png[0].kind == "image/png"


def test_without_truth_there_is_a_time_and_no_way():
    shown = strips(recording(left=[message(4600.0)]), sortie([], []))
    page = strip_html(shown, 1000.0)
    assert "1.00 h" in page
    assert "nan" not in page


def test_the_page_holds_each_picture_itself():
    shown = strips(recording(left=[message(1000.0), message(1100.0)], right=[message(1000.0)]), DRIVE_AND_STAND)
    page = strip_html(shown, 1000.0)
    held = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    assert [base64.b64decode(data) for data in held] == [JPEG + b"1000.0", JPEG + b"1100.0", JPEG + b"1000.0"]
    assert "0.03 h, 100 m" in page
    assert page.index("left") < page.index("right")
