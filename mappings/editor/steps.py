"""A rule's steps as the form shows them, and back. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mappings.documents import canonical_json
from mappings.json_text import BadJson, read_json
from mappings.transforms import TRANSFORMS, Param

Record = Mapping[str, object]


class BadCell(ValueError):
    """A cell of the form can't be read. Fit to show beside the rule."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a step, as a control of the form shows it."""

    param: Param
    text: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as texts: its name and what stands in the controls of its settings."""

    name: str
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What people call the step."""
        return TRANSFORMS[self.name].label if self.name in TRANSFORMS else self.name

    @property
    def help(self) -> str:
        """What the step does, in a line."""
        return TRANSFORMS[self.name].help if self.name in TRANSFORMS else ""

    @property
    def given(self) -> dict[str, str]:
        """What is said beside the defaults."""
        params = TRANSFORMS[self.name].params if self.name in TRANSFORMS else ()
        usual = {one.name: text_of(one.default) for one in params if not one.required}
        return {name: text for name, text in self.texts.items() if text != usual.get(name, "")}

    @property
    def settings(self) -> list[Setting]:
        """The step's settings, with what they hold or their default."""
        params = TRANSFORMS[self.name].params if self.name in TRANSFORMS else ()
        return [Setting(one, self.texts.get(one.name, text_of(one.default))) for one in params]


def text_of(value: object) -> str:
    """Return a value as a control shows it: a table one row a line, as `word = result`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        plain = all(
            isinstance(one, str) and key == key.strip() and "=" not in key and "\n" not in key + one
            for key, one in value.items()
        )
        if plain and value:
            return "\n".join(f"{key} = {one}" for key, one in value.items())
        return canonical_json(value)
    return str(value) if isinstance(value, str | int) else canonical_json(value)


def rows_of_steps(steps: object) -> tuple[StepRow, ...]:
    """Return a rule's steps as rows."""
    found = [one for one in steps if isinstance(one, Mapping)] if isinstance(steps, list) else []
    return tuple(
        StepRow(
            str(step.get("do")),
            {str(name): text_of(value) for name, value in step.items() if name != "do"},
        )
        for step in found
    )


def step_of(row: StepRow, old: list[Record]) -> dict[str, object]:
    """Return a row as a step. Raises BadCell.

    `old`: the rule's steps so far; one that reads the same is taken as it is, so that what
    is no text stays what it was.
    """
    for step in old:
        if step.get("do") == row.name and rows_of_steps([step])[0].given == row.given:
            return dict(step)
    params = {setting.param.name: setting.param for setting in row.settings}
    settings = {name: _setting(params[name], text) for name, text in row.given.items()}
    return {"do": row.name, **settings}


def _setting(param: Param, text: str) -> object:
    if param.type == "integer" and text.lstrip("-").isdecimal() and text.isascii():
        return int(text[:20])
    return table_of(text) if param.type == "table" else text


def table_of(text: str) -> dict[str, object]:
    """Return a table written one row a line, as `word = result`, or as JSON. Raises BadCell."""
    if text.lstrip().startswith("{"):
        try:
            found = read_json(text)
        except BadJson as error:
            raise BadCell(str(error)) from error
        assert isinstance(found, dict)  # it begins with a brace
        return found
    made: dict[str, object] = {}
    for line in filter(str.strip, text.splitlines()):
        word, sign, result = line.partition("=")
        if not sign or not word.strip():
            raise BadCell(f"Write a table one row a line, such as 'Won = won', not {line[:40]!r}.")
        if word.strip() in made:
            raise BadCell(f"The table has {word.strip()[:40]!r} twice.")
        made[word.strip()] = result.strip()
    return made
