# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes together: in lock step, over the middleware, and fed from a recording."""

BENCHMARKS = ("messages", "lockstep", "replay", "middleware")
