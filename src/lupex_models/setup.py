# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

package_name = "lupex_models"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    zip_safe=False,
    maintainer="The maintainers",
    maintainer_email="maintainers@lupex.dev",
    description="One model of site, sky, light, soil, locomotion energy, battery and heat for a lunar polar rover.",
    license="Apache-2.0",
)
