"""Routes that `config.api` joins."""

routes: list[tuple[str, type, str]] = []
