"""The WSGI application that gunicorn serves."""

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_handler = get_wsgi_application()

from config import hook_door  # noqa: E402  needs the apps to be loaded
from config.bodies import take_whole  # noqa: E402  needs the settings
from config.content_types import readable_content_type  # noqa: E402  needs the settings
from tenants.collected import refuse_uncollected  # noqa: E402  needs the settings
from tenants.postgres.boot import check_at_start  # noqa: E402  needs the apps to be loaded

refuse_uncollected()
check_at_start()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    environ["CONTENT_TYPE"] = readable_content_type(environ.get("CONTENT_TYPE", ""))
    kept = hook_door.answer(environ, start_response)
    if kept:
        return kept
    take_whole(environ)
    return hook_door.remember(environ, _handler(environ, start_response))
