"""TLS over a connection that stays ours.

``SSLContext.wrap_socket`` takes the socket away, and loses it unclosed when the peer resets at that moment; so TLS runs
in memory here, and the bytes go over the connection's own sending and receiving, with its deadline.
"""

from __future__ import annotations

import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


class Tls:
    """One side of a TLS conversation, over *receive* and *send*. What goes wrong in TLS is an ``ssl.SSLError``."""

    def __init__(
        self,
        context: ssl.SSLContext,
        server_name: str,
        receive: Callable[[], bytes],
        send: Callable[[bytes], None],
    ) -> None:
        self._receive = receive
        self._send = send
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._do(self._tls.do_handshake)

    def send(self, data: bytes) -> None:
        self._do(lambda: self._tls.write(data))

    def receive(self) -> bytes:
        """What has come, at least one byte; nothing when the peer has closed, in the way of TLS or not."""
        try:
            return self._do(lambda: self._tls.read(8192))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _do(self, step: Callable[[], T]) -> T:
        """The result of *step*, once enough has come for it."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                received = self._receive()
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._send(self._outgoing.read())
