"""Of config: the API's description and its page, preferences, Django's own admin routes."""

from tests.isolation.rule import FORM, NOBODY, PUBLIC, SIGNED_IN, Rule

SHARED: dict[str, Rule] = {
    "preferences": Rule(SIGNED_IN, FORM),
    "api_docs": Rule(SIGNED_IN),
    "api_schema": Rule(PUBLIC),
}
ADMIN: dict[str, Rule] = {
    "admin:index": Rule(SIGNED_IN),
    "admin:autocomplete": Rule(NOBODY),
    "admin:jsi18n": Rule(SIGNED_IN),
}
