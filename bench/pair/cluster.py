"""A queue cluster with the bench's connector known: `python -m bench.pair.cluster`."""

import os

import django


def main() -> None:
    """Run until SIGTERM."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command

    from bench.pair.connector import make_known

    make_known()
    call_command("qcluster")


if __name__ == "__main__":
    main()
