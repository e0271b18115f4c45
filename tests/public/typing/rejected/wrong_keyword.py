from ssot_shims import HeartbeatConfig

HeartbeatConfig(heartbeat_interval=30)  # rejected
