"""One signed-in SFTP session, bounded in time and in bytes whatever the server does."""

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import paramiko
from paramiko.ssh_exception import SSHException

from syncjobs.connectors.errors import Config, ConnectorError, Permanent, Transient
from syncjobs.connectors.files.fetching import Changing, Refused
from syncjobs.connectors.files.folder import Entry
from syncjobs.sheets import MAX_BYTES
from tenants.egress import AddressRefused, NameNotFound, pinned_address, rules_from_settings

MOST_ENTRIES: Final = 5_000
_MB: Final = 1024 * 1024
_CHUNK: Final = 32 * 1024
_CONNECT: Final = 10.0
_SIGN_IN: Final = 20.0
_LIST: Final = 20.0
_READ: Final = 40.0
# While a file is stored, the session rests.
_IDLE: Final = 600.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where to sign in, and how. `host_key` is empty until a person has confirmed it."""

    host: str
    port: int
    user: str
    password: str
    private_key: str
    host_key: str


class _Bounded:
    """A socket that ends when its time or its bytes are used up: below all that is parsed."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self.allow(_SIGN_IN, _MB)

    def allow(self, seconds: float, count: int) -> None:
        """Set the limits of what comes next; between two calls a server has nothing to say."""
        self._until, self._left, self.limit = time.monotonic() + seconds, count, ""

    def recv(self, count: int) -> bytes:
        """Receive; at a limit, as if the server had hung up."""
        if time.monotonic() > self._until:
            self.limit = "The server takes too long."
        elif self._left <= 0:
            self.limit = "The server sends more than was asked for."
        if self.limit:
            return b""
        got = self._inner.recv(min(count, _CHUNK * 4))
        self._left -= len(got)
        return got

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Session:
    """Opened by `connect`; close it. One reading uses it, from one thread."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._socket = _Bounded(_connected(place))
        self._transport: paramiko.Transport | None = None
        self._sftp: paramiko.SFTPClient | None = None

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
        self._socket.close()

    def greet(self) -> str:
        """Agree on keys and return the fingerprint of the server's; nothing secret is sent."""
        with self._told("The server does not speak SSH as it should."):
            wire: Any = self._socket
            self._transport = paramiko.Transport(wire)
            self._transport.banner_timeout = _CONNECT
            self._transport.start_client(timeout=_SIGN_IN)
            fingerprint: str = self._transport.get_remote_server_key().fingerprint
        return fingerprint

    def sign_in(self) -> None:
        """Show who we are, to a server whose key is the confirmed one. Raises Config."""
        key = _key_in(self._place.private_key)
        transport = self._transport
        assert transport is not None
        transport.auth_timeout = _SIGN_IN
        self._socket.allow(_SIGN_IN, _MB)
        try:
            with self._told("The server ended the sign-in."):
                if key is not None:
                    transport.auth_publickey(self._place.user, key)
                else:
                    transport.auth_password(self._place.user, self._place.password, fallback=False)
                self._sftp = paramiko.SFTPClient.from_transport(transport)
        except paramiko.AuthenticationException as error:
            text = "The server refuses the user name or its password or key."
            raise Config(text, status=401) from error
        channel = self.client.get_channel()
        if channel is not None:
            channel.settimeout(_CONNECT)

    @property
    def client(self) -> paramiko.SFTPClient:
        """The signed-in client."""
        assert self._sftp is not None
        return self._sftp

    def entries(self, folder: str) -> list[Entry]:
        """List a folder. Raises Permanent where it cannot be listed, or holds too much."""
        self._socket.allow(_LIST, 8 * _MB)
        found: list[Entry] = []
        try:
            with self._told("The folder's list broke off."):
                for one in self.client.listdir_iter(folder, read_aheads=1):
                    if len(found) >= MOST_ENTRIES:
                        text = f"The folder holds more than {MOST_ENTRIES:,} names. Move old ones."
                        raise Permanent(text)
                    found.append(
                        Entry(one.filename, one.st_size or 0, one.st_mtime or 0, one.st_mode)
                    )
        except UnicodeDecodeError as error:
            raise Permanent("The folder holds a name that is not in UTF-8.") from error
        except OSError as error:
            text = f"The folder {folder} cannot be listed: it is missing, or the user may not."
            raise Permanent(text) from error
        return found

    def content(self, folder: str, entry: Entry) -> bytes:
        """Read a file that was listed. Raises Refused, Changing."""
        self._socket.allow(_READ, 2 * MAX_BYTES + _MB)
        path = f"{folder.rstrip('/')}/{entry.name}"
        try:
            with self._told("Reading a file broke off."):
                now = self.client.lstat(path)
                listed = Entry(entry.name, now.st_size or 0, now.st_mtime or 0, now.st_mode)
                if listed != entry:
                    raise Changing
                with self.client.open(path, "rb") as file:
                    content = bytearray()
                    while len(content) <= entry.size and (part := file.read(_CHUNK)):
                        content += part
        except OSError as error:
            raise Refused("The server does not let it be read.") from error
        if len(content) != entry.size:
            raise Changing
        return bytes(content)

    def move(self, folder: str, name: str, done: str, modified: int) -> None:
        """Move a file into the folder of what is done, under its time: an export may have the same
        name each night. Raises Permanent."""
        self._socket.allow(_LIST, _MB)
        at = datetime.fromtimestamp(modified, UTC)
        base = folder.rstrip("/")
        target = done.rstrip("/") if done.startswith("/") else f"{base}/{done}"
        try:
            with self._told("Moving a file broke off."):
                self.client.rename(
                    f"{base}/{name}", f"{target.rstrip('/')}/{at:%Y%m%d-%H%M%S}-{name}"
                )
        except OSError as error:
            text = f"{name} was taken in, but cannot be moved to {done}: make that folder there, "
            raise Permanent(f"{text}or remove what has this name in it.") from error

    @contextmanager
    def _told(self, words: str) -> Iterator[None]:
        """Turn what the network or the server does into our own errors."""
        try:
            yield
        except (paramiko.AuthenticationException, ConnectorError, UnicodeDecodeError):
            raise
        except (SSHException, EOFError, TimeoutError, ConnectionError) as error:
            raise Transient(self._socket.limit or words) from error
        except OSError:
            if self._socket.limit:
                raise Transient(self._socket.limit) from None
            raise
        except (ValueError, TypeError, IndexError, KeyError, OverflowError) as error:
            # Lengths and numbers that a server made up.
            raise Transient(words) from error
        finally:
            self._socket.allow(_IDLE, _MB)


def _connected(place: Place) -> socket.socket:
    try:
        address = pinned_address(place.host, place.port, rules_from_settings())
        return socket.create_connection((str(address), place.port), timeout=_CONNECT)
    except NameNotFound as error:
        raise Transient(str(error)) from error
    except AddressRefused as error:
        raise Config(str(error)) from error
    except OSError as error:
        text = f"Nothing answers at {place.host}, port {place.port}."
        raise Transient(text) from error


def _key_in(text: str) -> paramiko.PKey | None:
    if not text.strip():
        return None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text.strip() + "\n"))
        except (SSHException, ValueError, IndexError):
            continue
    raise Config(
        "The private key cannot be read: give an Ed25519, ECDSA or RSA key without a passphrase."
    )
