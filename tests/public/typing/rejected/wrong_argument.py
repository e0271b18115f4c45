from ssot_shims import HeartbeatConfig

HeartbeatConfig.for_environment(environment=3)  # rejected
