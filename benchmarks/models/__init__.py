# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The shared physics: how fast, and how true."""

BENCHMARKS = ("horizon", "light", "rays", "kernels")
"""In the order in which they run: light looks at the horizon map that the first one leaves."""
