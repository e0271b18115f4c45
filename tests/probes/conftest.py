"""Fixtures for probes that go over a network."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support import certificates


@pytest.fixture
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """What the machine itself goes through must not reach these tests, and no test prints."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("SSL_CERT_", "SSLKEYLOG")):
            monkeypatch.delenv(name)
    yield
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the certificates of these tests."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain_surroundings: None) -> str:
    """The file that makes this machine trust that authority."""
    file = str(tmp_path / "authority.pem")
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", file)
    return file


@pytest.fixture
def tls(authority: trustme.CA, trusted: str) -> ssl.SSLContext:
    """What a server for 127.0.0.1 and localhost speaks, whose authority this machine trusts."""
    return certificates.server(authority)
