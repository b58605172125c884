# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How fast recordings are read, and what is left of damaged ones."""

BENCHMARKS = ("decoding", "faults")
