# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""How far success is earned: sorties in worlds that disagree, mutants that must die, files that must stay closed."""

BENCHMARKS = ("sorties", "mutants", "opened")
