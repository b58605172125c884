# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The ground: seen, priced from what it did, crossed."""

BENCHMARKS = ("soil", "stand")
