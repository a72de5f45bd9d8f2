"""`python -m syncjobs.sandbox <kind> --port P --state FILE --token T`: one system."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from syncjobs.sandbox.catalogue import KINDS
from syncjobs.sandbox.server import PortTaken, SandboxServer


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT, or until standard input ends with --leash."""
    parser = argparse.ArgumentParser(prog="python -m syncjobs.sandbox")
    parser.add_argument("system", choices=KINDS)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, help="sqlite file; without it all is in memory")
    parser.add_argument("--token", default=os.environ.get("SANDBOX_TOKEN", "sandbox-token"))
    parser.add_argument("--token-ttl", type=float, default=45.0, help="seconds, ERP only")
    parser.add_argument("--leash", action="store_true", help="end when standard input ends")
    options = parser.parse_args(arguments)
    try:
        server = SandboxServer(
            options.system,
            state=options.state,
            token=options.token,
            port=options.port,
            token_ttl=options.token_ttl,
        )
    except PortTaken as error:
        print(error, file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if options.leash:
        threading.Thread(target=_wait_for_leash, args=(ended,), daemon=True).start()
    with server:
        facts = {"system": options.system, "address": server.address, "pid": os.getpid()}
        print(json.dumps(facts), flush=True)
        ended.wait()
    return 0


def _wait_for_leash(ended: threading.Event) -> None:
    # Whoever started this holds the other end; it closes when that process dies, even by SIGKILL.
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    sys.exit(main())
