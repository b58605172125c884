# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Messages to the bytes that cross the middleware and stand in recordings, and back."""

from rclpy.serialization import deserialize_message, serialize_message

__all__ = ["deserialize_message", "serialize_message"]
