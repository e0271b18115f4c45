"""A context of the docker command: an address with a name, kept below the command's own folder."""

from __future__ import annotations

import os

from ssot_shims._probes.docker_address import (
    DockerAddress,
    Misconfigured,
    Tls,
    config_folder,
    default_host,
    existing,
    printable,
    read_host,
    read_json,
    read_text,
    value_of,
)
from ssot_shims._text import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_context(name: str, chosen_by: str) -> DockerAddress:
    """The address that the context *name* holds; *chosen_by* is the variable or file that named it."""
    source = f"from the context {printable(name)!r} in {printable(chosen_by)}"
    identity, folder = _identity(name), os.path.join(config_folder(), "contexts")
    endpoint = _endpoint(os.path.join(folder, "meta", identity, "meta.json"), source, chosen_by)
    host = value_of(endpoint, "host", "")
    if not isinstance(host, str):
        raise _unusable(source, "its host is no text", chosen_by)
    tls = _tls(os.path.join(folder, "tls", identity, "docker"), bool(value_of(endpoint, "skiptlsverify", False)))
    return read_host(host or default_host(), source, tls, context=name)


def _identity(name: str) -> str:
    """The name of the folders of the context *name*."""
    from hashlib import sha256

    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _endpoint(file: str, source: str, chosen_by: str) -> Any:
    if not os.path.exists(file):
        raise _unusable(source, f"there is no {printable(file)}", chosen_by)
    try:
        endpoints = value_of(read_json(read_text(file)), "endpoints", {})
    except (OSError, ValueError) as error:
        raise _unusable(source, f"{printable(file)} cannot be read: {describe(error)}", chosen_by) from None
    endpoint = value_of(endpoints, "docker", None)
    if endpoint is None:
        raise _unusable(source, "it has no address of a Docker engine", chosen_by)
    return endpoint


def _tls(folder: str, skip_verify: bool) -> Tls | None:
    """TLS for a context that has a folder for its files, be it empty, or that asks not to verify the engine."""
    if not os.path.isdir(folder) and not skip_verify:
        return None
    ca, certificate, key = (existing(os.path.join(folder, name)) for name in ("ca.pem", "cert.pem", "key.pem"))
    return Tls(ca=ca, certificate=certificate, key=key, verify=not skip_verify)


def _unusable(source: str, problem: str, chosen_by: str) -> Misconfigured:
    default = "DOCKER_CONTEXT=default" if chosen_by == "DOCKER_CONTEXT" else "docker context use default"
    return Misconfigured(
        f"there is no Docker address {source}: {problem}; see the contexts there are with docker context ls, "
        f"or take the default one: {default}"
    )
