# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Planning: how fast, and how near to the optimum."""

BENCHMARKS = ("path", "near_field", "recovery", "sortie")
"""In the order in which they run."""
