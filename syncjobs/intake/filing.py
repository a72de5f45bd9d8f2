"""A file's rows: what would become of each, and putting them where webhooks put theirs.

A row becomes an `InboundEvent` and is worked off like a message (`intake/arrivals`), through the
same page commit as every reading. The same file again brings nothing new.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from governance.services import audit
from mappings.canonical import SCHEMAS
from mappings.documents import objects_in, rules_of
from mappings.known_paths import read_by
from mappings.parts import BESIDES
from mappings.paths import MISSING, split, walked
from mappings.services.versions import live_version
from mappings.transforms import paths_read
from syncjobs import actions
from syncjobs.connectors.base import LONGEST_ID
from syncjobs.connectors.files import HELD
from syncjobs.engine import doorbell
from syncjobs.engine.live import REFERENCE_MISSING, Live, map_in
from syncjobs.engine.live import Taken as Mapped
from syncjobs.engine.rows import encode, fetch
from syncjobs.fingerprint import cut_apart
from syncjobs.models import Connection, Stream
from syncjobs.payloads import seal_inbound
from syncjobs.sheets import Problem, Row, Sheet, read_sheet
from syncjobs.state import INBOUND

SHOWN: Final = 20
MOST_PROBLEMS: Final = 200
_CHUNK: Final = 1_000
# Of the file's hash, so much marks its rows.
_DIGEST: Final = 32
_PAYLOAD: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds. `good`: rows with a number of their own, with that number.

    `problems`: of rows that cannot be read or named (they are left out), and of rows that the
    mapping refuses (they are set aside as they are, with an exception). `problem_count`: all.
    `doubled`: rows whose number a later one has too. `warnings`: of rows that go on; `warned`
    counts these rows. `unread`: columns that the mapping does not know. `lacking`: columns that a
    row is named by and that the file does not have.
    """

    columns: list[str]
    good: list[tuple[Row, str]]
    problems: list[Problem]
    problem_count: int
    left_out: int
    warnings: list[Problem] = field(default_factory=list)
    warned: int = 0
    doubled: int = 0
    unread: Sequence[str] = ()
    lacking: Sequence[str] = ()

    @property
    def aside(self) -> int:
        """How many rows the mapping refuses."""
        return self.problem_count - self.left_out - self.doubled

    @property
    def shown(self) -> list[list[str]]:
        """The first rows, as a table of texts."""
        return [
            [str(row.number), *(str(row.data.get(name, ""))[:200] for name in self.columns)]
            for row, _ in self.good[:SHOWN]
        ]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file. `rows` are new; 0 with `repeated` when it was taken in before."""

    checked: Checked
    rows: int
    repeated: bool


class KeyReused(Exception):
    """The caller's key has come with other records before."""


def check_content(
    connection: Connection, live: Live, slug: str, *, object_: str, name: str, content: bytes
) -> Checked:
    """Read a file and map every row; no row is stored. Raises BadSheet."""
    sheet = read_sheet(name, content)
    return _checked(sheet, live, _key_paths(slug, connection, object_))


def keep_file(
    stream: Stream, checked: Checked, *, name: str, content: bytes, again: bool = False
) -> Taken:
    """Put a checked file's rows where the workers find them, in the caller's transaction.

    again: a file that was taken in before, with another of its kind since, says what holds now.
    """
    digest = hashlib.sha256(content).hexdigest()
    new = _keep(stream, checked.good, digest[:_DIGEST])
    if not new and again and (since := _another_since(stream, digest[:_DIGEST])):
        new = _keep(stream, checked.good, f"{digest[:_DIGEST]}+{since}")
    audit.record(
        actions.FILE_TAKEN,
        object_kind="stream",
        object_id=stream.pk,
        object_label=stream.object,
        client_id=stream.connection.client_id,
        after={
            "file": name[:200],
            "sha256": digest,
            "rows": new,
            "problems": checked.problem_count,
            "left_out": checked.left_out,
        },
    )
    if new:
        doorbell.ring()
    return Taken(checked, new, repeated=bool(checked.good) and not new)


def is_repeated(stream: Stream, checked: Checked, content: bytes) -> bool:
    """Say whether `keep_file` would find nothing new, asked again."""
    mark = hashlib.sha256(content).hexdigest()[:_DIGEST]
    places = [_place(stream, mark, row.number) for row, _ in checked.good]
    kept = fetch(_KEPT, {"connection": stream.connection_id, "places": places})
    return len(kept) == len(places) > 0 and not _another_since(stream, mark)


def keep_records(stream: Stream, checked: Checked, *, key: str) -> Taken:
    """Put a caller's records where the workers find them, once for each of its keys, in the
    caller's transaction. Raises KeyReused."""
    mark = f"k{hashlib.sha256(key.encode()).hexdigest()[: _DIGEST - 1]}"
    new = _keep(stream, checked.good, mark)
    # One more than there are: the key may have come with more of them.
    after = checked.good[-1][0].number + 1
    sent = {_place(stream, mark, row.number): _version(row) for row, _ in checked.good}
    places = [*sent, _place(stream, mark, after)]
    kept = fetch(_KEPT, {"connection": stream.connection_id, "places": places})
    if new not in (0, len(sent)) or dict(kept) != sent:
        raise KeyReused
    if new:
        audit.record(
            actions.RECORDS_SENT_IN,
            object_kind="stream",
            object_id=stream.pk,
            object_label=stream.object,
            client_id=stream.connection.client_id,
            after={"rows": new, "problems": checked.problem_count, "key": key},
        )
        doorbell.ring()
    return Taken(checked, new, repeated=not new)


@dataclass(frozen=True, slots=True)
class _KeyPath:
    """A field that a row is named by. `may_be_empty`: a step puts it to another one."""

    path: str
    may_be_empty: bool

    def text(self, data: Mapping[str, Any]) -> str:
        """Return what a row has there."""
        found = walked(data, split(self.path))
        return "" if found is MISSING or found is None else str(found)


def _key_paths(slug: str, connection: Connection, object_: str) -> list[_KeyPath]:
    """Return what names a row: what the mapping takes the number from, but for what each member
    of a list has."""
    version = live_version(slug, connection.client_id)
    rules = {str(one.get("target")): one for one in rules_of(version.document if version else {})}
    made: dict[str, _KeyPath] = {}
    for name in SCHEMAS[HELD[object_].canonical].natural_key:
        rule = rules.get(name, {})
        origin = {part: rule[part] for part in ("source", "expr") if part in rule}
        beside = [path for one in objects_in(rule.get("steps")) for path in paths_read(one)]
        paths = [_KeyPath(path, may_be_empty=False) for path in read_by(origin)]
        paths += [_KeyPath(path, may_be_empty=True) for path in beside]
        own = [one for one in paths if split(one.path)[0] not in BESIDES]
        made |= {one.path: one for one in own or [_KeyPath(name, may_be_empty=False)]}
    return list(made.values())


def _checked(sheet: Sheet, live: Live, keys: Sequence[_KeyPath]) -> Checked:
    problems, left_out = list(sheet.problems), len(sheet.problems)
    good: list[tuple[Row, str]] = []
    seen: dict[str, int] = {}
    warnings: dict[int, str] = {}
    count, doubled = len(problems), 0
    for row in sheet.rows:
        texts = [one.text(row.data) for one in keys]
        pairs = zip(keys, texts, strict=True)
        empty = [one.path for one, text in pairs if not text and not one.may_be_empty]
        if empty:
            problems.append(Problem(row.number, f"The column {empty[0]!r} is empty or missing."))
            left_out, count = left_out + 1, count + 1
            continue
        key = row_id(texts)
        taken = map_in(live, row.data)
        wrong = _refusal(taken)
        if key in seen and not wrong:
            doubled += 1
            wrong = f"Row {seen[key]} has the number {key} too; the later row counts."
        if wrong:
            count += 1
            problems.append(Problem(row.number, wrong))
        if taken.warnings:
            warnings[row.number] = " ".join(dict.fromkeys(one.message for _, one in taken.warnings))
        seen[key] = row.number
        good.append((row, key))
    problems.sort(key=lambda one: one.row)
    needed = [split(one.path)[0] for one in keys if not one.may_be_empty]
    read = {split(path)[0] for path in live.compiled.reads}.union(needed)
    return Checked(
        sheet.columns,
        good,
        problems[:MOST_PROBLEMS],
        count,
        left_out,
        warnings=[Problem(*one) for one in [*warnings.items()][:MOST_PROBLEMS]],
        warned=len(warnings),
        doubled=doubled,
        unread=[name for name in sheet.columns if name not in read],
        lacking=[name for name in dict.fromkeys(needed) if name not in sheet.columns],
    )


def row_id(texts: Sequence[str]) -> str:
    """Return what a row is known by: its numbers. No two rows of other numbers have the same."""
    if len(texts) > 1:
        texts = [one.replace("%", "%25").replace("/", "%2F") for one in texts]
    return cut_apart("/".join(texts), LONGEST_ID)


def _refusal(taken: Mapped) -> str:
    """Return why the mapping would refuse a row; what it refers to may be on its way."""
    for problem in taken.problems:
        if problem.code != REFERENCE_MISSING:
            return f"{problem.target}: {problem.message}" if problem.target else problem.message
    return ""


def _another_since(stream: Stream, digest: str) -> int | None:
    """Return the last row of another file that has come to the stream since this one."""
    params = {
        "connection": stream.connection_id,
        "files": f"file:{stream.pk}:%",
        "own": f"file:{stream.pk}:{digest}%",
    }
    ((since,),) = fetch(_SINCE, params)
    return None if since is None else int(since)


def _keep(stream: Stream, good: Sequence[tuple[Row, str]], mark: str) -> int:
    """Put the rows where messages wait, under the file's mark; return how many are new."""
    new = 0
    for start in range(0, len(good), _CHUNK):
        rows = []
        for row, key in good[start : start + _CHUNK]:
            rows.append(
                {
                    "key": _place(stream, mark, row.number),
                    "external_id": key,
                    "version": _version(row),
                    "payload": seal_inbound(
                        stream.canonical, stream.connection.client_id, row.data
                    ),
                }
            )
        params = {
            "rows": encode(rows),
            "connection": stream.connection_id,
            "stream": stream.pk,
            "state": INBOUND.start,
        }
        new += len(fetch(_INSERT, params))
    return new


def _place(stream: Stream, mark: str, number: int) -> str:
    return f"file:{stream.pk}:{mark}:{number}"


def _version(row: Row) -> str:
    return hashlib.blake2b(_PAYLOAD.encode(dict(row.data)), digest_size=12).hexdigest()


_KEPT: Final = """
    SELECT dedupe_key, source_version FROM syncjobs_inboundevent
    WHERE connection_id = %(connection)s AND dedupe_key = ANY(%(places)s::text[])
"""
_INSERT: Final = """
    INSERT INTO syncjobs_inboundevent
        (connection_id, stream_id, dedupe_key, external_id, source_version, payload,
         deleted, attempts, state, problems, received_at)
    SELECT %(connection)s, %(stream)s, x.key, x.external_id, x.version, x.payload,
        false, 0, %(state)s, '[]', clock_timestamp()
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(
        key text, external_id text, version text, payload jsonb)
    ON CONFLICT (connection_id, dedupe_key) DO NOTHING
    RETURNING id
"""
_SINCE: Final = """
    SELECT max(id) FROM syncjobs_inboundevent
    WHERE connection_id = %(connection)s AND dedupe_key LIKE %(files)s
      AND dedupe_key NOT LIKE %(own)s
      AND id > (SELECT max(id) FROM syncjobs_inboundevent
                WHERE connection_id = %(connection)s AND dedupe_key LIKE %(own)s)
"""
