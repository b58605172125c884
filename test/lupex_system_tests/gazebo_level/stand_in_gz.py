# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for the `gz` program: a rover on a level plane, at z = 0, that its tracks move without slip.

It takes the same command lines and prints the same JSON. STAND_IN_FAULT makes it fail as a server may: `dies`, `deaf`
(answers no service), `errors` (says [Err] and goes on), `still` (tracks that do nothing), `silent` (no odometry).
"""

import base64
import json
import math
import os
import re
import socket
import socketserver
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

STEP_S = 0.004
UNITS = {"fl": (0.55, 0.55), "fr": (0.55, -0.55), "rl": (-0.55, 0.55), "rr": (-0.55, -0.55)}
LIDAR_M, CAMERA_M = 1.5, (0.6, 1.3)
RATES = {"/rover/odometry": 10, "/rover/imu": 10, "/rover/lidar/points": 250, "/rover/camera/navigation_left": 500}
"""Steps between messages."""
FAULT = os.environ.get("STAND_IN_FAULT", "")


class World:
    """State of the rover and who listens."""

    def __init__(self, start_s: float) -> None:
        self.start_s, self.steps = start_s, 0
        self.x = self.y = self.yaw = 0.0
        self.speed, self.angle = dict.fromkeys(UNITS, 0.0), dict.fromkeys(UNITS, 0.0)
        self.listeners: list = []
        self.sun = ""
        self.lock = threading.Lock()

    def tell(self, topic: str, text: str) -> None:
        found = re.fullmatch(r"/rover/(..)_(drive|steer)/(speed|angle)", topic)
        if found:
            value = float(text.partition(":")[2])
            (self.speed if found[2] == "drive" else self.angle)[found[1]] = value

    def ask(self, service: str, text: str) -> bool:
        if FAULT == "deaf":
            return False
        if service.endswith("/light_config"):
            self.sun = text
            print(f"[Err] Could not find visual for entity: 0\nSun: {text}", flush=True)
        steps = re.search(r"multi_step: (\d+)", text)
        for _ in range(int(steps[1]) if steps else 0):
            self.step()
        return True

    def step(self) -> None:
        self.steps += 1
        vx = vy = rate = 0.0
        for unit, (x, y) in UNITS.items():
            ahead, aside = (self.speed[unit] * part(self.angle[unit]) for part in (math.cos, math.sin))
            vx, vy, rate = vx + ahead / 4, vy + aside / 4, rate + (x * aside - y * ahead) / (x * x + y * y) / 4
        if FAULT != "still":
            self.x += STEP_S * (math.cos(self.yaw) * vx - math.sin(self.yaw) * vy)
            self.y += STEP_S * (math.sin(self.yaw) * vx + math.cos(self.yaw) * vy)
            self.yaw += STEP_S * rate
        for topic, every in RATES.items():
            if self.steps % every == 0:
                self.publish(topic)

    def publish(self, topic: str) -> None:
        hearing = [file for name, file in self.listeners if name == topic]
        if not hearing or (FAULT == "silent" and topic == "/rover/odometry"):
            return
        time_s = self.start_s + self.steps * STEP_S
        sec = int(time_s)
        message = {"header": {"stamp": {"sec": str(sec), "nsec": round((time_s - sec) * 1e9)}}}
        message |= {
            "/rover/odometry": self.odometry,
            "/rover/imu": lambda: {"linearAcceleration": {"z": 1.624}},
            "/rover/lidar/points": cloud,
            "/rover/camera/navigation_left": picture,
        }[topic]()
        line = (json.dumps(message) + "\n").encode()
        for file in hearing:
            try:
                file.write(line)
            except OSError:
                self.listeners = [item for item in self.listeners if item[1] is not file]

    def odometry(self) -> dict:
        place = {key: value for key, value in (("x", self.x), ("y", self.y)) if value}
        turned = {"z": math.sin(0.5 * self.yaw), "w": math.cos(0.5 * self.yaw)}
        return {"pose": {"position": place, "orientation": {key: value for key, value in turned.items() if value}}}


def cloud() -> dict:
    """Return where rays from the lidar's height meet the plane, and some that meet nothing."""
    import numpy as np

    ring, bearing = np.meshgrid(np.geomspace(1.0, 30.0, 60), np.linspace(0.0, 6.28, 120))
    points = np.full((ring.size + 100, 4), np.inf, dtype="<f4")
    points[: ring.size, 0], points[: ring.size, 1] = (ring * np.cos(bearing)).ravel(), (ring * np.sin(bearing)).ravel()
    points[: ring.size, 2] = -LIDAR_M
    fields = [{"name": name, "offset": 4 * k, "datatype": "FLOAT32", "count": 1} for k, name in enumerate("xyz")]
    del fields[0]["offset"]
    data = base64.b64encode(points.tobytes()).decode()
    return {"field": fields, "height": 1, "width": len(points), "pointStep": 16, "data": data}


def picture() -> dict:
    """Return a bright plane under a black sky, without any shadow."""
    import numpy as np

    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[122:] = 90
    data = base64.b64encode(pixels.tobytes()).decode()
    return {"width": 640, "height": 480, "pixelFormatType": "RGB_INT8", "data": data}


class Handler(socketserver.StreamRequestHandler):
    """One `gz topic` or `gz service`."""

    def handle(self) -> None:
        """Do what the first line asks."""
        asked, world = json.loads(self.rfile.readline()), self.server.world
        if "echo" in asked:
            world.listeners.append((asked["echo"], self.wfile))
            self.rfile.read()
            return
        with world.lock:
            if "tell" in asked:
                world.tell(asked["tell"], asked["text"])
                self.wfile.write(b"told\n")
            else:
                self.wfile.write(b"data: true\n" if world.ask(asked["ask"], asked["text"]) else b"\n")


def socket_path() -> str:
    """Return the socket of this partition: others do not hear it."""
    return str(Path(os.environ["STAND_IN_SOCKETS"]) / os.environ["GZ_PARTITION"])


def serve(arguments: list[str]) -> int:
    """Run as `gz sim`."""
    if not Path(arguments[-1]).is_file():
        print(f"[Err] [Server.cc:1] Unable to find {arguments[-1]}")
        return 0
    if FAULT == "dies":
        print("terminate called after throwing an instance of 'Ogre::Exception'")
        return 134
    if FAULT == "errors":
        print("\x1b[1;31m[Err] [SystemLoader.cc:92] Failed to load system plugin\x1b[0m", flush=True)

    class Threads(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    with Threads(socket_path(), Handler) as server:
        server.world = World(float(arguments[arguments.index("--initial-sim-time") + 1]))
        server.serve_forever()
    return 0


def client(asked: dict) -> int:
    """Ask the server of this partition and print what it says; as gz, end with 0 whatever comes."""
    with socket.socket(socket.AF_UNIX) as link:
        while True:
            try:
                link.connect(socket_path())
                break
            except OSError:
                if "echo" not in asked:
                    print("Service call timed out", file=sys.stderr)
                    return 0
                # a topic is heard whenever somebody begins to tell it
                time.sleep(0.05)
        link.sendall((json.dumps(asked) + "\n").encode())
        with link.makefile("r") as answers:
            for line in answers:
                print(line, end="", flush=True)
    return 0


def main(arguments: list[str]) -> int:
    """Run as `gz`."""
    command, rest = arguments[0], arguments[1:]
    if command == "sim":
        return serve(rest)
    options = dict(pairwise(rest))
    if command == "service":
        return client({"ask": options["-s"], "text": options["--req"]})
    if "-e" in rest:
        return client({"echo": options["-t"]})
    if options["-m"] != "gz.msgs.Double":
        print(f"Unable to create message of type[{options['-m']}]", file=sys.stderr)
        return 0
    return client({"tell": options["-t"], "text": options["-p"]})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
