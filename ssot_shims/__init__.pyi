from ssot_shims._availability import Availability as Availability
from ssot_shims._capabilities.builtin import (
    capabilities as capabilities,
    is_available as is_available,
    is_docker_available as is_docker_available,
)
from ssot_shims._capabilities.capability import Capability as Capability
from ssot_shims._capabilities.registry import Registry as Registry
from ssot_shims._contract.comparison import compare as compare
from ssot_shims._contract.difference import Difference as Difference
from ssot_shims._contract.verification import verify as verify
from ssot_shims._probes.docker import docker_client as docker_client
from ssot_shims._project.declarations import load_project as load_project
from ssot_shims._project.environment import Environment as Environment, choose_environment as choose_environment
from ssot_shims._shims.shim import (
    ShimRecord as ShimRecord,
    all_shims as all_shims,
    is_placeholder as is_placeholder,
    shim as shim,
    shim_of as shim_of,
)
from ssot_shims._shims.upstream import TargetResult as TargetResult
from ssot_shims._unittest import (
    import_or_skip as import_or_skip,
    require as require,
    skip_unless_available as skip_unless_available,
)
from ssot_shims.errors import (
    CapabilityMissing as CapabilityMissing,
    NoEnvironment as NoEnvironment,
    PlaceholderWarning as PlaceholderWarning,
    SsotShimsError as SsotShimsError,
    Unavailable as Unavailable,
)
from ssot_shims.heartbeat_config import HeartbeatConfig as HeartbeatConfig
from ssot_shims.retry_policy import RetryPolicy as RetryPolicy

__version__: str
