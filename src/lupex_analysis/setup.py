# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

NAME = "lupex_analysis"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={f"{NAME}.interactive": ["*.css", "*.js"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=True,
    maintainer="The maintainers",
    maintainer_email="maintainers@lupex.dev",
    description="Summary, report and comparison from recordings",
    license="Apache-2.0",
)
