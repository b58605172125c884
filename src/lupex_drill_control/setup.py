# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

NAME = "lupex_drill_control"

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
    zip_safe=True,
    maintainer="The maintainers",
    maintainer_email="maintainers@lupex.dev",
    description="Drilling in bites, recovery from binding, and ice fractions from the sample analysis",
    license="Apache-2.0",
    entry_points={
        "console_scripts": ["drill_control = lupex_node.start:main"],
        "lupex_executables": ["drill_control = lupex_drill_control.node:main"],
    },
)
