from ssot_shims import HeartbeetConfig  # rejected

print(HeartbeetConfig)
