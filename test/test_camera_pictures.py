# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""From a camera's raw pictures through encoder and recorder into the report, in lock step."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image as Picture

pytestmark = pytest.mark.node
pytest.importorskip("lupex_interfaces.msg")

from sensor_msgs.msg import CameraInfo, Image  # noqa: E402

from lupex_analysis.reading import read_recording  # noqa: E402
from lupex_analysis.report_files import write_report  # noqa: E402
from lupex_analysis.sortie import HAZARD, NAVIGATION, NAVIGATION_RIGHT  # noqa: E402
from lupex_node import qos  # noqa: E402
from lupex_node.conversions import stamp  # noqa: E402
from lupex_node.lockstep.conductor import Conductor  # noqa: E402
from lupex_node.port import Severity  # noqa: E402
from lupex_recorder.node import RecorderNode  # noqa: E402
from lupex_simulator.camera.node import CAMERAS, CameraEncoderNode  # noqa: E402


def image(time_s, level, encoding="rgb8"):
    message = Image(height=24, width=32, encoding=encoding, step=96)
    message.header.stamp, message.header.frame_id = stamp(time_s), "navigation_camera_left_optical"
    message.data.frombytes(np.full((24, 32, 3), level, np.uint8).tobytes())
    return message


@pytest.fixture
def conductor():
    made = Conductor(now_s=1000.0)
    yield made
    made.close()


def test_pictures_are_recorded_compressed_and_shown_in_the_report(conductor, tmp_path):
    outside = conductor.visitor()
    raw = {topic: outside.publisher(Image, topic, qos.NEWEST) for topic in CAMERAS}
    lens = outside.publisher(CameraInfo, f"{CAMERAS[0]}/camera_info", qos.NEWEST)
    conductor.add(CameraEncoderNode, {"period_s": 2.0})
    conductor.add(RecorderNode, {"directory": str(tmp_path / "bag")})
    conductor.run_until(1003.0)
    for time_s, level in ((1003.0, 40), (1004.0, 200), (1005.0, 40), (1006.0, 90)):
        for topic, publisher in raw.items():
            publisher.publish(image(time_s, level if topic == CAMERAS[0] else 40))
        lens.publish(CameraInfo())
        conductor.run_until(time_s + 0.9)
    conductor.run_until(1010.0)
    conductor.remove("recorder")
    recording = read_recording(tmp_path / "bag", (NAVIGATION,))
    told = recording.messages[NAVIGATION]
    # one came too soon and one shows what was told; both others are what they were
    assert [message.header.stamp.sec for message in told] == [1003, 1006]
    assert told[0].header.frame_id == "navigation_camera_left_optical"
    assert told[0].format == "jpeg"
    shown = np.asarray(Picture.open(io.BytesIO(bytes(told[1].data))))
    assert shown.shape == (24, 32, 3)
    assert abs(shown.astype(int) - 90).max() < 3
    assert {topic: recording.counts.get(topic) for topic in (NAVIGATION_RIGHT, HAZARD)} == {
        NAVIGATION_RIGHT: 1,
        HAZARD: 1,
    }
    assert not {*CAMERAS, f"{CAMERAS[0]}/camera_info"} & set(recording.counts)
    write_report(tmp_path / "bag", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    held = [base64.b64decode(data) for data in re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)]
    assert bytes(told[0].data) in held
    assert len(held) == 3


def test_a_picture_that_is_none_is_refused_and_the_next_is_told(conductor):
    heard, said = [], []
    conductor.on_log = lambda node, severity, text: said.append(text) if severity is Severity.WARNING else None
    outside = conductor.visitor()
    raw = outside.publisher(Image, CAMERAS[0], qos.NEWEST)
    from sensor_msgs.msg import CompressedImage

    outside.subscribe(CompressedImage, f"{CAMERAS[0]}/compressed", heard.append, qos.STATE)
    conductor.add(CameraEncoderNode, {})
    raw.publish(image(1000.0, 40, "32FC1"))
    conductor.run_until(1001.0)
    raw.publish(image(1001.0, 40))
    conductor.run_until(1002.0)
    assert [message.header.stamp.sec for message in heard] == [1001]
    assert any("its encoding is '32FC1'" in text for text in said)
