"""Run as a process of its own: starts the server of a state directory and says what it got.

python -m tests.tenants.starts STATE_DIR
"""

import json
import os
import sys
from pathlib import Path

from tenants.postgres.cluster import Cluster
from tenants.postgres.errors import ClusterError


def main() -> int:
    """Print JSON: the server's process id and its account, or the error."""
    cluster = Cluster(Path(sys.argv[1]))
    try:
        layout = cluster.ensure_running()
    except ClusterError as error:
        print(json.dumps({"error": str(error)}))
        return 1
    pid = cluster.running_pid()
    owner = Path(f"/proc/{pid}").stat().st_uid
    print(json.dumps({"pid": pid, "uid": owner, "mine": os.geteuid(), "data": str(layout.data)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
