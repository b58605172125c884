# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""The words of docs/ros2.md; its tables come from the running graph."""

HEAD = """# The rover from outside

What somebody who never reads the code can ask of the rover and hear from it. Made from the running graph by `python
-m lupex_system_tests.interface_page`; a test fails where the two differ.

Start it with `ros2 launch lupex_bringup sim.launch.xml`, or without ROS 2 with `./lupex launch sim.launch.xml`: the
rover in its world, driving 50 m out and back. `route_m:=0.0` stands and waits;
`mission:=true` runs the whole sortie; `namespace:=r1` moves it all below `/r1`.
"""

COMMANDS = (
    ("the battery", "ros2 topic echo --once /battery_state"),
    ("where it is, in the site's map", "ros2 topic echo --once /odometry/global"),
    ("is the way back proven, and with how much to spare?", "ros2 topic echo --once /plan/certificate"),
    ("what is wrong with it, from the beginning", "ros2 topic echo --qos-durability transient_local /faults"),
    (
        "a place to drive to, around what the lidar finds",
        "ros2 action send_goal -f /navigate_to_pose nav2_msgs/action/NavigateToPose "
        '"{pose: {header: {frame_id: map}, pose: {position: {x: 6.0}}}}"',
    ),
    ("a turn on the spot", 'ros2 action send_goal -f /spin nav2_msgs/action/Spin "{target_yaw: 1.57}"'),
    (
        "half a metre back",
        'ros2 action send_goal -f /backup nav2_msgs/action/BackUp "{target: {x: 0.5}, speed: 0.05}"',
    ),
    (
        "a hand on the stick: 5 cm/s ahead, for as long as it is told",
        'ros2 topic pub -r 10 /cmd_vel_unstamped geometry_msgs/msg/Twist "{linear: {x: 0.05}}"',
    ),
    ("the parameters of a node, each with its range", "ros2 param describe /mobility following.speed_mps"),
    ("what is slow, and who is ill", "ros2 topic echo /diagnostics diagnostic_msgs/msg/DiagnosticArray"),
)
"""What it shows, and the command."""

TOPICS = {
    "/battery_state": "charge, voltage and current, for any ROS tool",
    "/clock": "simulated time; only in simulation",
    "/cmd_vel": "motion of the body; an empty `frame_id` is `base_link`; silence of 1 s stops the rover",
    "/cmd_vel_unstamped": "the same without a stamp: it counts from when it comes",
    "/diagnostics": "`lupex/NODE: health`, once a second: level, message, what was refused and why; hardware id is the"
    " rover's namespace, or `lupex`",
    "/drill/assay": "what the instruments found in a sample",
    "/drill/rig": "depth, torque and weight on bit as measured",
    "/drill/rig_command": "feed and auger set-points; silence of 1 s stops the rig",
    "/drill/status": "what the drill does, and why it stopped",
    "/exchanges": "requests, goals and answers as they pass, for `./lupex replay`",
    "/faults": "what went wrong, and when it was over",
    "/goal_pose": "a place to drive to, as RViz's 2D Goal Pose sends it; frame `map`, the heading is not used",
    "/imu/data": "angular rate and specific force in `base_link`",
    "/initialpose": "where the rover is, by a person's word or RViz's 2D Pose Estimate: confirms a place that is LOST",
    "/lidar/points": "a cloud in `lidar`: x, y, z [m]",
    "/localization/status": "tracking, degraded or lost, and by how much",
    "/map": "the orbital map's word on driving, cost 0..99, 100 never driven on, -1 unknown; it never changes",
    "/mission/status": "phase of the sortie and what it waits for",
    "/mobility/immobilisation": "where the tracks lost their hold, and whether the rover is out of it",
    "/mobility/joint_commands": "steering angles and track speeds to the motor controllers; silence of 1 s stops them",
    "/mobility/joint_states": "4 steering and 4 drive joints as measured; remap `joint_states` of other tools to it",
    "/mobility/route": "a path by a person's hand, followed while planning tells none",
    "/mobility/slip": "measured slip of the tracks",
    "/neutron/counts": "neutron counts of the last 10 s",
    "/odometry/global": "pose in `map` with covariance, twist in `base_link`",
    "/odometry/local": "pose in `odom`, which never jumps",
    "/plan/certificate": "whether the rover can surely reach sunlight, and the energy to spare [Wh]",
    "/plan/map": "ground of the plan and its light at key moments",
    "/plan/markers": "the plan for RViz",
    "/plan/path": "the path that is followed; a pose's orientation is the body's heading there",
    "/plan/sortie": "the plan in force",
    "/power/bus": "voltages, currents and temperatures of the power unit",
    "/power/forecast": "charge and temperature over the hours to come",
    "/power/status": "energy with its uncertainty, and whether work is allowed",
    "/power/switches": "which loads are on",
    "/robot_description": "URDF of the rover",
    "/site/map": "elevation, light and permanent shadow around the lander",
    "/star_tracker/attitude": "attitude against the stars, with covariance",
    "/sun_sensor/direction": "direction of the Sun in the sensor's frame",
    "/tf": "`map` to `odom` to `base_link`, and the joints",
    "/tf_static": "where the sensors sit",
    "/traversability/costmap": "cost 0..100 in `odom`, -1 unknown: what the lidar saw of the ground around",
    "/traversability/soil": "strength of the ground driven over, by patch of `map`, and of ground to come",
    "/traversability/map": "height, slope and roughness around, 0.4 m a cell, while somebody listens",
    "/truth/odometry": "the world's secret: for scoring alone",
    "/truth/state": "the world's secret: for scoring alone",
}

SERVERS = {
    "/backup": "Nav2: back by `target.x`, at most 3 m, over ground that is seen and free",
    "/drill/acquire_sample": "drill, sample, stow; during a mission for who names its plan",
    "/drive_on_heading": "Nav2: straight ahead or back by `target.x`, at most 3 m, over ground that is seen and free",
    "/follow_path": "Nav2: follow a path in `map` as long as the ground ahead is seen and free",
    "/mission/execute": "run a sortie from plan to sunlight",
    "/mobility/override": "let the rover move without a certificate, for 60 s unless asked again",
    "/navigate_to_pose": "Nav2: drive to a place in `map`, around what the lidar finds; the heading at the end is free",
    "/plan/drive_to": "the same with a tolerance of its own; during a mission for who names its plan",
    "/plan/sortie_request": "plan a sortie from where the rover is; it is only answered unless `commit` is set",
    "/spin": "Nav2: turn on the spot by `target_yaw` where there is room to",
    "/traversability/forget": "look at the ground anew",
}

NAMES = """A goal is judged where it arrives: one that cannot be driven is not taken, and the node's log says why. A
goal that ends early says why in its result. The rover moves with a valid certificate of the way back, or by
`/mobility/override`; during a mission it is the mission's, and goals of others are not taken. While two nodes tell one
commanding or safety topic, or a sensor's, none of it is used and the fault names both:
[ADR 12](adr/0012-one-sender-a-topic.md). Every node is a lifecycle node
(`/NODE/get_state`, `/NODE/change_state`) that activates itself unless `autostart:=false`.

## Namespaces
`namespace:=r1` pushes `/r1` over every topic, service, action and node; rclpy's `/clock` is remapped to `/r1/clock`
and TF to `/r1/tf` and `/r1/tf_static`, as in Nav2: frames keep their names, for each rover has TF of its own.
Checkpoints go to `STATE_DIR/r1/`, the recording to `BAG/r1/`; its topics keep their full names, and `./lupex` reads
it like any other. One domain has room for one simulator a namespace.
Give both of two rovers a namespace: the recorder of one without records the other too.
"""

TIME = """## Quality of service and time
What the rover tells is reliable, so it is heard by who asks for SensorDataQoS and by who asks for reliable. Nodes
listen to sensors with best effort on a real rover (`best_effort_sensors`, which `autonomy.launch.xml` sets
without `use_sim_time`), so that drivers which offer SensorDataQoS are heard; in simulation each sample counts. Maps,
plans, faults and heartbeats are latched.
In motion the IMU comes at 25 Hz, joint states and odometry at 20 and 10 Hz, clouds and costmaps after 0.2 m. A parked
simulation goes in steps of 4 s and tells everything once a step.
`use_sim_time` is true in every simulation. A parameter of the wrong type, an unknown key, a missing file: one
sentence, exit code 2.
"""

DIFFERS = """## Where it is not Nav2
- Simple Commander: `BasicNavigator().waitUntilNav2Active(navigator="path_planning", localizer="robot_localization")`;
  then `goToPose`, `followPath`, `spin`, `backup`, `driveOnHeading`, `cancelTask`, `getResult` work. There
  is no behavior tree to choose, no planner or controller server, no docking, no waypoint follower. Its default
allowance of 10 s is short for a rover that turns at 0.12 rad/s: give `time_allowance`.
- `/map` is what the orbital map says of driving at 5 m a cell, told once by path planning: there is no map server to
  load another, and the planner never reads it back. What the lidar finds is on `/traversability/costmap` alone.
- `spin`, `backup` and `drive_on_heading` end with `COLLISION_AHEAD` before they begin where any of what is left of them
  leads over a hazard or unknown ground, or where the costmap is older than 30 s; Nav2's look 2 s ahead. `follow_path`
  looks 5 s ahead and ends with `NO_VALID_CONTROL`.
- `./lupex launch` ends with 0 where a node died with an error, as `ros2 launch` does: the line of its death says so.
  It ends with 1 where `ros2 launch` still ends with 0: a node that cannot work with what it was given (its exit code
  is 2, and starting it again would not help), a program that cannot be started (then the others are not started
  either), a process that only SIGKILL ended. Arguments that no file declares are refused.
- In RViz set the fixed frame `map`, and the reliability of `/traversability/costmap` to reliable with transient local
  durability, as `config/lupex.rviz` has them.
"""
