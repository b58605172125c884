# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
import io

import numpy as np
import pytest
from PIL import Image

from lupex_simulator.camera.telling import Telling, jpeg
from lupex_simulator.config import CameraConfig

CONFIG = CameraConfig(period_s=2.0, least_change=1.0, repeat_s=60.0)


def view(level):
    return np.full((48, 64, 3), level, np.uint8)


def test_a_picture_is_told_when_it_is_new_and_after_a_while_even_so():
    telling = Telling(CONFIG)
    assert telling.due(1000.0, view(50))
    assert not telling.due(1001.9, view(200))
    assert not telling.due(1002.0, view(50))
    assert telling.due(1002.0, view(52))
    assert not telling.due(1061.9, view(52))
    assert telling.due(1062.0, view(52))


def test_a_dark_picture_after_a_bright_one_is_new():
    telling = Telling(CONFIG)
    telling.due(0.0, view(255))
    assert telling.due(2.0, view(0))


def test_a_slow_change_is_told_once_it_has_come_to_something():
    telling = Telling(CONFIG)
    told = [level for level in range(50, 60) if telling.due(2.0 * level, view(level) // 2 * 1)]
    assert told == [50, 52, 54, 56, 58]


def test_another_size_and_a_time_that_went_back_begin_anew():
    telling = Telling(CONFIG)
    telling.due(1000.0, view(50))
    assert telling.due(1002.0, np.full((24, 32), 50, np.uint8))
    assert telling.due(10.0, np.full((24, 32), 50, np.uint8))


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3)])
def test_a_jpeg_shows_what_it_was_made_from(shape):
    pixels = np.zeros(shape, np.uint8)
    pixels[:24, :32] = 200
    shown = np.asarray(Image.open(io.BytesIO(jpeg(pixels, 90))))
    assert shown.shape == shape
    assert np.abs(shown.astype(int) - pixels).mean() < 2.0
    assert len(jpeg(pixels, 20)) < len(jpeg(pixels, 95))
