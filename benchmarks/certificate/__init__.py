# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The certificate of the way back in a world that disagrees."""

BENCHMARKS = ("light", "stops", "walls")
