"""Files that people or programs bring: a connection whose streams are the files taken in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mappings.canonical import SCHEMAS
from mappings.canonical.fields import ObjectSchema
from syncjobs.connectors.base import (
    KINDS,
    Budget,
    Check,
    ConnectionField,
    Connector,
    Descriptor,
    ObjectInfo,
    Page,
    Write,
    Written,
)
from syncjobs.connectors.errors import Config

KEY: Final = "files"
SFTP: Final = "sftp"
BUCKET: Final = "bucket"
# Connectors whose records come in files; they share the shipped mappings.
BY_FILE: Final = frozenset({KEY, SFTP, BUCKET})
_CHOICES: Final = tuple((kind, kind.upper()) for kind in KINDS if kind != "files")
STANDS_FOR: Final = ConnectionField(
    name="stands_for",
    label="Stands for",
    kind="choice",
    choices=_CHOICES,
    default="psa",
    help="The kind of system whose files these are. What that kind of system owns, a file "
    "may change; all else it only fills in.",
)


PATTERN: Final = ConnectionField(
    name="pattern",
    label="File names",
    default="*.csv",
    help="* stands for any letters, ? for one. Names that end in .part or .tmp wait.",
)


@dataclass(frozen=True, slots=True)
class Held:
    """What the records of a file can be. columns: those that the shipped mapping reads."""

    name: str
    label: str
    canonical: str
    columns: tuple[str, ...]


def _held(one: ObjectSchema) -> Held:
    plain = tuple(field.name for field in one.fields if field.type not in ("list", "object"))
    return Held(one.name, one.label, one.name, plain)


# A timesheet is a record with a list; each of its days becomes a time entry.
_TIMESHEET: Final = Held(
    "timesheet",
    "Timesheet with its days",
    "time_entry",
    (
        *("number", "resource", "status", "approved_at", "currency", "description"),
        *("entity", "engagement", "days"),
    ),
)
HELD: Final[Mapping[str, Held]] = {
    one.name: one for one in (*map(_held, SCHEMAS.values()), _TIMESHEET)
}

HOLDS: Final = ConnectionField(
    name="object",
    label="What the files hold",
    kind="choice",
    choices=tuple((one.name, one.label) for one in HELD.values()),
    default="time_entry",
    help="One kind of record; another kind needs a connection of its own.",
)


def every(explained: str) -> ConnectionField:
    """Return the field of how often a place is looked at."""
    choices = (
        ("5", "5 minutes"),
        ("15", "15 minutes"),
        ("60", "hour"),
        ("360", "6 hours"),
        ("1440", "day"),
    )
    return ConnectionField(
        name="every_minutes",
        label="Look every",
        kind="choice",
        choices=choices,
        default="15",
        help=explained,
    )


def _info(one: Held) -> ObjectInfo:
    return ObjectInfo(
        name=one.name,
        label=one.label,
        canonical=one.canonical,
        changes=False,
        fields=one.columns,
    )


OBJECTS: Final = tuple(map(_info, HELD.values()))
DESCRIPTOR: Final = Descriptor(
    key=KEY,
    label="Files",
    kind="files",
    summary="CSV, Excel (.xlsx) and JSON Lines files, brought by hand or by a program.",
    config_fields=(STANDS_FOR,),
    secret_fields=(),
    objects=OBJECTS,
    writes_idempotent=False,
)


class OnlyRead(Connector):
    """Files are never written to."""

    def write(self, write: Write) -> Written:
        """Refuse: a file is never written to."""
        raise Config("Files can only be read.")

    def look_up(
        self,
        object: str,  # noqa: A002  the domain's word
        *,
        reference: str,
        idempotency_key: str,
    ) -> Written | None:
        """Refuse, as `write`."""
        raise Config("Files can only be read.")

    def request_preview(self, write: Write) -> Mapping[str, object]:
        """Refuse, as `write`."""
        raise Config("Files can only be read.")


def require_kind(config: Mapping[str, object]) -> None:
    """Raise Config unless the kind of system that the files stand for is one."""
    if config.get("stands_for") not in dict(_CHOICES):
        known = ", ".join(kind for kind, _ in _CHOICES)
        raise Config(f"Stands for: choose one of {known}.")


class Files(OnlyRead):
    """Nothing is fetched: what a file brings waits in the partner's own tables."""

    descriptor = DESCRIPTOR

    def __init__(
        self,
        config: Mapping[str, object],
        secret: Mapping[str, object],
        *,
        budget: Budget | None = None,
    ) -> None:
        require_kind(config)

    def close(self) -> None:
        """Nothing is open."""

    def check(self) -> list[Check]:
        """There is nothing to reach."""
        return [Check("Files", ok=True, message="Files are taken in on this page or by the API.")]

    def read(
        self,
        object: str,  # noqa: A002  the domain's word
        cursor: Mapping[str, object] | None,
        *,
        page_size: int = 200,
    ) -> Iterator[Page]:
        """Give nothing: reading only tries again what was set aside."""
        yield Page((), cursor or {"files": True}, last=True)
