"""Write `uv.lock` without the address of any package index.

`uv lock` records where each file was found. Which index that was is a fact of the
machine, not of the project, so the addresses are replaced by file names; the hashes stay,
and installing checks them (`uv export` then `uv pip sync --require-hashes`).
"""

import re
import subprocess
from pathlib import Path

LOCK = Path("uv.lock")


def without_addresses(text: str) -> str:
    """Return the lock's text with index addresses replaced by bare file names."""
    text = re.sub(r'registry = "https?://[^"]+"', 'registry = "simple"', text)
    return re.sub(r'url = "https?://[^"]*/([^"/]+)"', r'path = "\1"', text)


def main() -> None:
    """Lock anew and strip the addresses."""
    LOCK.unlink(missing_ok=True)
    subprocess.run(["uv", "lock", "--quiet"], check=True)
    LOCK.write_text(without_addresses(LOCK.read_text()))


if __name__ == "__main__":
    main()
