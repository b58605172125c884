# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

NAME = "lupex_simulator"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="The maintainers",
    maintainer_email="maintainers@lupex.dev",
    description="Embedded world of the lunar polar rover: vehicle, sensors, power and drill in a made world",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "simulator = lupex_node.start:main",
            "payload = lupex_node.start:main",
            "gazebo_adapter = lupex_node.start:main",
            "camera_encoder = lupex_node.start:main",
        ],
        "lupex_executables": [
            "simulator = lupex_simulator.node:main",
            "payload = lupex_simulator.payload.node:main",
            "gazebo_adapter = lupex_simulator.gazebo.node:main",
            "camera_encoder = lupex_simulator.camera.node:main",
        ],
    },
)
