"""A worker as a process of its own: drains one schema until it is idle.

usage: python -m tests.syncjobs.worker_process SCHEMA   (LIVERY_CRASH arms a crash point,
TEST_WORK=messages sends mails and messages once instead)
"""

import os
import sys

import django


def main(schema: str) -> int:
    """Work until nothing is due, as `manage.py worker` would."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from syncjobs.engine import claim, deliver, stopping

    # A worker that a test stops for a second must find its time to send over.
    if seconds := os.environ.get("TEST_SEND_SECONDS"):
        vars(deliver)["SEND_SECONDS"] = float(seconds)
    assert claim.LEASE_SECONDS > 0
    from governance import correlation
    from governance.actors import task_actor
    from syncjobs.engine.drain import drain_until_idle
    from syncjobs.tasks import send_mail
    from tenants.context import schema_scope

    stopping.listen()
    with schema_scope(schema), correlation.scope(actor=task_actor("worker"), door="task"):
        if os.environ.get("TEST_WORK") == "messages":
            send_mail(schema)
        else:
            drain_until_idle(patience=0.0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
