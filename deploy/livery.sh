#!/bin/sh
# manage.py of an installation in /srv/livery, with its settings and as its account; for root.
# See docs/operations.md, "On a server".
set -eu
set -a
. /srv/livery/env
set +a
cd /srv/livery/app
exec runuser -u livery -- .venv/bin/python manage.py "$@"
