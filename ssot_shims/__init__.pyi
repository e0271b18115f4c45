from ssot_shims._contract import compare as compare
from ssot_shims._difference import Difference as Difference
from ssot_shims._shim import (
    ShimRecord as ShimRecord,
    all_shims as all_shims,
    is_placeholder as is_placeholder,
    shim as shim,
    shim_of as shim_of,
)
from ssot_shims._upstream import Answer as Answer
from ssot_shims._verify import verify as verify
from ssot_shims.errors import (
    CircularShim as CircularShim,
    DuplicateShim as DuplicateShim,
    InvalidPlaceholder as InvalidPlaceholder,
    InvalidSetting as InvalidSetting,
    InvalidTarget as InvalidTarget,
    PlaceholderWarning as PlaceholderWarning,
    SsotShimsError as SsotShimsError,
    UnknownShim as UnknownShim,
    UpstreamBroken as UpstreamBroken,
    UpstreamError as UpstreamError,
    UpstreamMoved as UpstreamMoved,
)
from ssot_shims.heartbeat_config import HeartbeatConfig as HeartbeatConfig
from ssot_shims.retry_policy import RetryPolicy as RetryPolicy

__version__: str
