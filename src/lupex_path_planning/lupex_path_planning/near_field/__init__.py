# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Around hazards on the costmap, with the outline and the motions of the vehicle."""
