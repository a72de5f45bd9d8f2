"""A real SFTP server on loopback, with a folder in memory and faults to order."""

import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import paramiko
from paramiko import common, sftp

USER, PASSWORD = "exports", "correct-horse"


@dataclass
class Disk:
    """What the server shows. files: path → (content, time). links, denied: paths."""

    files: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=lambda: {"/out", "/out/done"})
    endless: bool = False
    sign_ins: int = 0
    sessions: int = 0
    key: paramiko.PKey = field(default_factory=lambda: paramiko.ECDSAKey.generate())
    allowed: paramiko.PKey | None = None

    def attributes(self, path: str) -> paramiko.SFTPAttributes:
        content, modified = self.files[path]
        made = paramiko.SFTPAttributes()
        made.filename = path.rsplit("/", 1)[1]
        made.st_size, made.st_mtime, made.st_atime = len(content), modified, modified
        made.st_mode = (stat.S_IFLNK if path in self.links else stat.S_IFREG) | 0o644
        return made


class _Handle(paramiko.SFTPHandle):
    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content

    def read(self, offset: int, length: int) -> bytes:
        return self._content[offset : offset + length]


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: Any, disk: Disk) -> None:
        super().__init__(server)
        self._disk = disk

    def list_folder(self, path: str) -> Any:
        if path not in self._disk.folders:
            return sftp.SFTP_NO_SUCH_FILE
        there = [one for one in self._disk.files if one.rsplit("/", 1)[0] == path]
        found = [self._disk.attributes(one) for one in there]
        return _Endless(found) if self._disk.endless else found

    def lstat(self, path: str) -> Any:
        found = path in self._disk.files
        return self._disk.attributes(path) if found else sftp.SFTP_NO_SUCH_FILE

    stat = lstat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        if path in self._disk.denied:
            return sftp.SFTP_PERMISSION_DENIED
        return _Handle(self._disk.files[path][0])

    def rename(self, oldpath: str, newpath: str) -> Any:
        if newpath.rsplit("/", 1)[0] not in self._disk.folders:
            return sftp.SFTP_NO_SUCH_FILE
        self._disk.files[newpath] = self._disk.files.pop(oldpath)
        return sftp.SFTP_OK


class _Endless(list[Any]):
    """A listing that never gets shorter."""

    def __getitem__(self, at: Any) -> Any:
        return _Endless([self[0]] * 16) if isinstance(at, slice) else super().__getitem__(at)

    def __delitem__(self, at: Any) -> None:
        pass


class _Door(paramiko.ServerInterface):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def check_auth_password(self, username: str, password: str) -> Any:
        self._disk.sign_ins += 1
        good = (username, password) == (USER, PASSWORD)
        return common.AUTH_SUCCESSFUL if good else common.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> Any:
        self._disk.sign_ins += 1
        good = self._disk.allowed is not None and key == self._disk.allowed
        return common.AUTH_SUCCESSFUL if good else common.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> Any:
        return common.OPEN_SUCCEEDED


def _answer(listener: socket.socket, disk: Disk, opened: list[paramiko.Transport]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        disk.sessions += 1
        transport = paramiko.Transport(client)
        transport.add_server_key(disk.key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, disk)
        opened.append(transport)
        try:
            transport.start_server(server=_Door(disk), event=threading.Event())
        except (paramiko.SSHException, EOFError):
            continue


@contextmanager
def serving(disk: Disk) -> Iterator[int]:
    """Serve the folder; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    opened: list[paramiko.Transport] = []
    thread = threading.Thread(target=_answer, args=(listener, disk, opened), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for transport in opened:
            transport.close()


@contextmanager
def flooding(start: bytes) -> Iterator[int]:
    """Serve something that greets and then never stops."""
    listener = socket.create_server(("127.0.0.1", 0))

    def flood() -> None:
        try:
            client, _ = listener.accept()
            client.sendall(start)
            while True:
                client.sendall(b"x" * 65_536)
        except OSError:
            return

    threading.Thread(target=flood, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
