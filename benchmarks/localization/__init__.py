# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How well the rover knows where it is, and how well it knows that: drives whose truth is known."""

BENCHMARKS = ("kernels", "drives", "smoother", "ekf")
