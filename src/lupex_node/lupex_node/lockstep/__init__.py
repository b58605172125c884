# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The port in lock step: all nodes in one process, by one clock, in one order."""
