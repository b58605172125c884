# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables shared with ../lupex
# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
# The fresh machine's ROS 2: a virtual environment of pinned wheels. Sourced by ../lupex, which has say, die, step and fail_with.

# install_system_packages NAME...: where we may; else says what to type.
install_system_packages() {
  local -a as_root=()
  command -v apt-get >/dev/null || die "$* are missing and there is no apt-get here: install them with your system's package manager."
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
    sudo -n true 2>/dev/null || die "system packages are missing: run  sudo apt-get install $*"
  fi
  # shellcheck disable=SC2016
  step "$cache/apt.log" "installing the missing system packages: $*" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    sh -c 'apt-get update && apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"' sh "$@" ||
    fail_with "$cache/apt.log" "apt-get could not install $*: see to its network and package sources, then run this again."
}

# Sets python (a command), python_identity and python_missing (system packages it lacks); false where no Python fits.
find_python() {
  local candidate line
  local probe='import importlib.util as u, os, sys, sysconfig
print("%d.%d" % sys.version_info[:2], sys.version.split()[0] + ":" + sys.base_prefix,
      "" if os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")) else "dev",
      "" if u.find_spec("venv") and u.find_spec("ensurepip") else "venv")'
  for candidate in python3 python3.12 python3.11 python3.13 python3.14; do
    line=$("$candidate" -c "$probe" 2>/dev/null) || continue
    case $line in
      "3.11 "* | "3.12 "* | "3.13 "* | "3.14 "*) ;;
      *) continue ;;
    esac
    # shellcheck disable=SC2086
    set -- $line
    python=$candidate python_identity=$2
    shift 2
    python_missing=("${@/#/$candidate-}")
    return 0
  done
  return 1
}

# Sees to it that there is a compiler and a Python that can make environments and build extensions.
require_system() {
  local tool
  local -a missing=()
  for tool in cmake g++ make; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  if ! find_python; then
    ! command -v python3 >/dev/null ||
      die "this workspace needs Python 3.11, 3.12, 3.13 or 3.14 and python3 here is $(python3 -V 2>&1): put one of them on PATH."
    python_missing=(python3 python3-dev python3-venv)
  fi
  missing+=("${python_missing[@]}")
  [ ${#missing[@]} -gt 0 ] || return 0
  install_system_packages "${missing[@]}"
  hash -r
  find_python || die "this workspace needs Python 3.11, 3.12, 3.13 or 3.14 and this system's is $(python3 -V 2>&1): put one of them on PATH."
  [ ${#python_missing[@]} -eq 0 ] || die "$python still lacks ${python_missing[*]}: install it for this interpreter."
}

# require_browser LEVEL: what pages are tested in, 300 MB, for those ./lupex test that look at pages. Where we may install it, as
# CI may, the tests insist on it; elsewhere they use one that is there, or are skipped.
require_browser() {
  local -a missing=()
  case $1 in lint | property | golden | node | system | gazebo | -h | --help) return 0 ;; esac
  # the package of Ubuntu of this name is a snap's, which does not start as root or in a container
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null || ! grep -qx 'ID=debian' /etc/os-release; then return 0; fi
  command -v chromium >/dev/null || missing+=(chromium)
  command -v chromedriver >/dev/null || missing+=(chromium-driver)
  # no other test shall fall with the network, or with a mirror that lacks these
  [ ${#missing[@]} -eq 0 ] || (install_system_packages "${missing[@]}") ||
    { say "the tests that look at pages in a browser are left out, all others are run."; return 0; }
  export LUPEX_BROWSER=required
}

# make_environment DIRECTORY: it counts only once it holds the file `complete`, so one that was interrupted is made anew.
make_environment() {
  local log=$1.log
  rm -rf -- "$1"
  step "$log" "making the ROS 2 Jazzy environment $1 (once: some minutes, 400 MB to download)" "$python" -m venv "$1" ||
    fail_with "$log" "$python cannot make a virtual environment."
  if ! step "$log" "installing the pinned packages" env PIP_USER=0 "$1/bin/python" -m pip install --disable-pip-version-check \
    --retries 2 --require-hashes --no-deps -r "$here/deps/requirements.lock"; then
    ! grep -qi 'no space left' "$log" || die "the disk that holds $cache is full: free 3 GB, or set XDG_CACHE_HOME to another disk."
    ! grep -q 'connection broken by\|Could not fetch URL' "$log" ||
      die "the Python package index cannot be reached: connect to the network, needed this once, and run this again. The log is $log"
    fail_with "$log" "pip could not install deps/requirements.lock."
  fi
  step "$log" "preparing it" "$1/bin/python" "$here/deps/make_underlay.py" || fail_with "$log" "The environment cannot be used."
  touch "$1/complete"
}
