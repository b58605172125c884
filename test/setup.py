# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from setuptools import setup

NAME = "lupex_system_tests"

setup(
    name=NAME,
    version="0.1.0",
    packages=["lupex_system_tests", "lupex_system_tests.gazebo_level"],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="The maintainers",
    maintainer_email="maintainers@lupex.dev",
    description="Tests of the whole stack",
    license="Apache-2.0",
)
