# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What lock step cannot do."""


class LockstepError(RuntimeError):
    """Say in one sentence what lock step cannot do."""
