from ssot_shims import HeartbeatConfig

print(HeartbeatConfig().heartbeat_intervall_seconds)  # rejected
