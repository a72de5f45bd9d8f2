"""The web process of the bench: the product's own, with the bench's connector known."""

from bench.pair.connector import make_known
from config.wsgi import application

make_known()
__all__ = ["application"]
