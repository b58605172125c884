# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the inertial unit; part of config.py."""

from dataclasses import dataclass

from lupex_models.configuration import setting


@dataclass(frozen=True)
class Inertial:
    """Process noise beside the unit's own, and what to do when the unit is silent."""

    motion_acceleration_mps2_rthz: float = setting(
        2.0e-3,
        "motion of the body on rough ground that a rigid strapdown does not follow",
        unit="m/s2/sqrt(Hz)",
        minimum=0,
        maximum=10,
    )
    motion_rate_rad_s_rthz: float = setting(
        2.0e-5, "likewise for rotation", unit="rad/s/sqrt(Hz)", minimum=0, maximum=1
    )
    motion_bias_walk_mps3_rthz: float = setting(
        1.0e-4,
        "of accelerometers and tilt while tracks shake the body: what was learnt at rest holds for a while only",
        unit="m/s3/sqrt(Hz)",
        minimum=0,
        maximum=1,
    )
    class_gyro_noise_rad_s_rthz: float = setting(
        2.04e-5, "published for the class of unit; counts where rover.yaml says less", unit="rad/s/sqrt(Hz)", maximum=1
    )
    class_gyro_bias_rad_s: float = setting(1.0e-5, "likewise, at switch-on", unit="rad/s", maximum=1)
    class_gyro_bias_walk_rad_s2_rthz: float = setting(3.0e-9, "likewise", unit="rad/s2/sqrt(Hz)", maximum=1)
    class_gyro_scale: float = setting(
        1.5e-4, "scale and misalignment of the gyros: share of a turn by which it is read wrong", maximum=0.1
    )
    turn_s: float = setting(20.0, "for so long a turn goes one way", unit="s", minimum=0, maximum=3600)
    class_accelerometer_bias_mps2: float = setting(3.0e-3, "likewise, at switch-on", unit="m/s2", maximum=10)
    class_accelerometer_bias_walk_mps3_rthz: float = setting(3.0e-6, "likewise", unit="m/s3/sqrt(Hz)", maximum=10)
    shake_rad: float = setting(
        3.0e-4, "attitude that the gyros tell while tracks shake the body, beside the true one", unit="rad", maximum=0.1
    )
    frozen_samples: int = setting(10, "alike to the last digit in motion: the unit is frozen", minimum=3, maximum=1000)
    lying_mps2: float = setting(
        0.08, "mean acceleration in map that no motion explains: the accelerometers lie", unit="m/s2", minimum=0.01
    )
    wild_mps2: float = setting(
        4.0,
        "an acceleration in map beyond that is none: that sample's force is left out",
        unit="m/s2",
        minimum=0.1,
    )
    lying_window_s: float = setting(2.0, "over which it is meant", unit="s", minimum=1, maximum=600)
    max_rate_rad_s: float = setting(3.0, "a larger rate is refused", unit="rad/s", minimum=0.1, maximum=100)
    min_acceleration_mps2: float = setting(
        0.0, "a smaller specific force is refused", unit="m/s2", minimum=0, maximum=1.6
    )
    max_acceleration_mps2: float = setting(20.0, "a larger one is refused", unit="m/s2", minimum=2, maximum=1e3)
    max_interval_s: float = setting(
        0.7, "longest interval that one sample may stand for", unit="s", minimum=0.05, maximum=5
    )
    hold_s: float = setting(
        0.4, "silence after which track odometry bridges the gap", unit="s", minimum=0.05, maximum=5
    )
    bridge_limit_s: float = setting(6.0, "longer silence is DEGRADED", unit="s", minimum=0.1, maximum=60)
    bridge_rate_rad_s_rthz: float = setting(
        0.02, "rotation noise while bridging", unit="rad/s/sqrt(Hz)", minimum=0, maximum=1
    )
    bridge_acceleration_mps2_rthz: float = setting(
        0.05, "acceleration noise while bridging", unit="m/s2/sqrt(Hz)", minimum=0, maximum=10
    )
