"""A firm's own people at their systems, beside the product: what they enter and what they find."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncjobs.sandbox.client import SandboxClient


@contextmanager
def system(home: Path, firm: str, kind: str) -> Iterator[SandboxClient]:
    """Connect to a running system of the demo's; home: the demo's state directory."""
    facts = json.loads((home / "demo" / "systems" / firm / f"{kind}.json").read_text())
    client = SandboxClient(kind, f"http://127.0.0.1:{facts['port']}", facts["token"])
    try:
        yield client
    finally:
        client.close()
