# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Turn a virtual environment that holds the ros-jazzy-* wheels into an underlay for colcon.

Run it with the environment's own interpreter, after pip. It may be run again: it writes the same files.
"""

import os
import re
import sys
import sysconfig
from pathlib import Path

# The wheels were built in a manylinux image whose Python lives here.
BUILD_IMAGE_PYTHON = re.compile(r'/opt/python/cp\d+-cp\d+/[^;"]*')

BASH_AND_ZSH = ("bash", "zsh")


class UnderlayError(Exception):
    """Say in one sentence why the environment cannot serve as an underlay."""


def retarget_include_directories(prefix, python_include, numpy_include):
    """Point the exported CMake targets of the message packages at this machine's headers.

    Return the number of files that named the build image.
    """
    changed = 0
    for path in sorted(prefix.glob("share/*/cmake/export_*__rosidl_generator_pyExport.cmake")):
        text = path.read_text(encoding="utf-8")
        new = BUILD_IMAGE_PYTHON.sub(lambda found: numpy_include if "numpy" in found.group(0) else python_include, text)
        if new != text:
            path.write_text(new, encoding="utf-8")
            changed += 1
    return changed


def setup_script(prefix, library_directories):
    """Return the POSIX shell text that puts the underlay in the environment, once."""
    libraries = ":".join(str(directory) for directory in library_directories)
    return f"""# Puts the ROS 2 Jazzy wheels of this virtual environment in the environment.
_lupex_prepend() {{
  eval "_lupex_value=\\${{$1:-}}"
  case "$_lupex_value:" in
    "$2:"*) ;;
    *) export "$1=$2${{_lupex_value:+:$_lupex_value}}" ;;
  esac
  unset _lupex_value
}}
_lupex_prepend LD_LIBRARY_PATH "{libraries}"
_lupex_prepend AMENT_PREFIX_PATH "{prefix}"
_lupex_prepend CMAKE_PREFIX_PATH "{prefix}"
_lupex_prepend PATH "{prefix}/bin"
unset -f _lupex_prepend
# The wheels restart Python to set LD_LIBRARY_PATH unless they are told that it is set.
export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
export ROS_VERSION=2 ROS_PYTHON_VERSION=3 ROS_DISTRO=jazzy
"""


def library_directories(prefix, site_packages):
    """Return where the wheels keep shared libraries: their own RPATHs point elsewhere."""
    bundled = sorted(site_packages.glob("ros_*.libs"))
    if not bundled:
        raise UnderlayError(f"{site_packages} holds no ros_*.libs directory: the ros-jazzy wheels are not installed.")
    return [prefix / "lib", *bundled]


def make_underlay(prefix, site_packages, python_include, numpy_include):
    """Apply every fix-up to the environment at `prefix`."""
    retarget_include_directories(prefix, python_include, numpy_include)
    script = setup_script(prefix, library_directories(prefix, site_packages))
    for name in ("setup", "local_setup"):
        (prefix / f"{name}.sh").write_text(script, encoding="utf-8")
        for shell in BASH_AND_ZSH:
            (prefix / f"{name}.{shell}").write_text(f'. "{prefix}/{name}.sh"\n', encoding="utf-8")
    # Without it colcon would take the installed packages for sources.
    (prefix / "COLCON_IGNORE").touch()


def main():
    """Fix up the environment this interpreter belongs to; return the exit code."""
    prefix = Path(sys.prefix)
    if sys.prefix == sys.base_prefix:
        print("make_underlay.py: run it with the interpreter of a virtual environment.", file=sys.stderr)
        return 1
    paths = sysconfig.get_paths()
    if not os.path.exists(os.path.join(paths["include"], "Python.h")):
        print(f"make_underlay.py: {paths['include']} holds no Python.h: install python3-dev.", file=sys.stderr)
        return 1
    import numpy

    try:
        make_underlay(prefix, Path(paths["purelib"]), paths["include"], numpy.get_include())
    except UnderlayError as error:
        print(f"make_underlay.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
