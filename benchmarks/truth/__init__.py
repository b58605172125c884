# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far success is earned: whether tests can fail."""

BENCHMARKS = ("mutants",)
