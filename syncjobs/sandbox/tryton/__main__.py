"""`python -m syncjobs.sandbox.tryton start|stop DIR [--port N] [--month DATE]`."""

import argparse
import datetime as dt
import json
import sys
from pathlib import Path

from syncjobs.sandbox.tryton.daemon import ServerError
from syncjobs.sandbox.tryton.install import InstallError
from syncjobs.sandbox.tryton.pair import public_facts, start_pair, stop_pair
from syncjobs.sandbox.tryton.wire import TrytonError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the answer is one JSON line, progress goes to standard error."""
    parser = argparse.ArgumentParser(prog="python -m syncjobs.sandbox.tryton")
    parser.add_argument("command", choices=("start", "stop"))
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=0, help="the source's; the ERP has the next")
    parser.add_argument("--venv", type=Path, help="where Tryton is installed (default DIR/venv)")
    parser.add_argument("--month", type=dt.date.fromisoformat, help="its first day")
    options = parser.parse_args(arguments)
    try:
        if options.command == "stop":
            print(json.dumps({"stopped": stop_pair(options.directory)}))
            return 0
        facts = start_pair(
            options.directory,
            port=options.port,
            month=options.month,
            venv=options.venv,
            say=lambda text: print(text, file=sys.stderr),
        )
    except (InstallError, ServerError, TrytonError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps({role: public_facts(found) for role, found in facts.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
