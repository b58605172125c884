# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The way back to sunlight: minimum safe charge, and the live certificate upon it."""
