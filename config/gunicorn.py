"""gunicorn's settings: `gunicorn --config python:config.gunicorn config.wsgi`."""

from gunicorn.http import wsgi

# Answers must not say what they are served by; the server has no setting for it.
wsgi.SERVER = "web"
