"""Warnings on the way in: a record went on, and a check of its mapping has something to say.

What a source record is warned of now is one row of `InboundEvent`, closed and without payload,
with a line for each warning: ["warning", check, the record's key, message]. Each check has one
exception, which closes when no record of the stream is warned of it any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mappings.documents import Problem, checks_of
from mappings.models import MappingVersion
from mappings.services.versions import live_version
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_issues
from syncjobs.engine.live import Live
from syncjobs.engine.rows import encode, execute, fetch
from syncjobs.fingerprint import cause_fingerprint, fingerprint
from syncjobs.intake.reading import Read
from syncjobs.models import CanonicalRecord, ExternalRef, InboundEvent, Issue, Run, Stream
from syncjobs.state import INBOUND, ISSUE

KIND: Final = "intake_warning"
PREFIX: Final = "warned:"
_CODE: Final = "warning"
_THROUGH: Final = INBOUND.target("process")
# Of one source record that became many, so many warnings are kept.
_MOST: Final = 50
_MOST_MESSAGE: Final = 300


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning that stands: which check of which mapping's version says what."""

    check: str
    message: str
    connection: str


def tell_warnings(stream: Stream, run: Run, live: Live, result: Read) -> None:
    """Keep what a page's records are warned of now, and tell of it; forget what is over.

    Costs nothing where the mapping has no check that warns: what earlier versions of it warned
    of was forgotten when this one went live.
    """
    if not live.compiled.warns:
        return
    came = {source.id: None for source, _ in result.incoming}
    warned = {id_: said for id_, said in result.warned.items() if id_ in came}
    before = _standing(stream, [*came, *result.empty])
    gone = [id_ for id_ in before if id_ not in warned]
    if not warned and not gone:
        return
    _forget(stream, gone)
    _keep(stream, live, warned)
    fresh = [
        Occurrence(_cause(stream, live, one), f"{key}: {one.message}")
        for id_, said in warned.items()
        for key, one in said
        if one.rule not in before.get(id_, ())
    ]
    raise_issues(fresh)
    _count(run, warned.values())
    ended = {
        check
        for id_, checks in before.items()
        for check in checks - {one.rule for _, one in warned.get(id_, ())}
    }
    _settle(stream, ended)


def forget_gone(stream: Stream, ids: Sequence[str]) -> None:
    """Forget what records were warned of that are not in their source any more."""
    before = _standing(stream, ids)
    _forget(stream, [*before])
    _settle(stream, {check for checks in before.values() for check in checks})


def forget_for_live(kind: str, name: str, client_id: int | None) -> None:
    """Forget warnings of checks that a mapping's version that went live does not have so.

    `client_id` None: of every client. They come back with a record's next version where the
    check, as it is now, warns of it.
    """
    if kind != "mapping":
        return
    streams = Stream.objects.filter(mapping=name).select_related("connection")
    if client_id is not None:
        streams = streams.filter(connection__client_id=client_id)
    for stream in streams:
        version = live_version(name, stream.connection.client_id)
        document = version.document if version is not None else {}
        ended = _forget_changed(stream, document)
        _settle(stream, ended)


def warnings_of(record: CanonicalRecord, refs: Iterable[ExternalRef]) -> list[Warned]:
    """Return what a record is warned of now, from each system that it came from."""
    places = {(ref.connection_id, _place(ref.object, ref.external_id)): ref for ref in refs}
    if not places:
        return []
    rows = InboundEvent.objects.filter(
        connection__in={connection for connection, _ in places},
        dedupe_key__in={key for _, key in places},
    ).order_by("id")
    return [
        Warned(check, message, str(places[row.connection_id, row.dedupe_key].connection))
        for row in rows
        if (row.connection_id, row.dedupe_key) in places
        for _, check, key, message in row.problems
        if key == record.key
    ]


@dataclass(frozen=True, slots=True)
class RunWarning:
    """How many records of a run a check warned of, with its exception."""

    message: str
    count: int
    issue: int | None


def warnings_in(run: Run) -> list[RunWarning]:
    """Return what a reading's records were warned of."""
    told = run.detail.get("warnings", {})
    if not told:
        return []
    prints = {cause_fingerprint(KIND, run.client_id, run.stream_id, one): one for one in told}
    rows = Issue.objects.filter(fingerprint__in=prints).order_by("id")
    issues = {prints[print_]: pk for print_, pk in rows.values_list("fingerprint", "pk")}
    return [
        RunWarning(one["message"], one["count"], issues.get(check)) for check, one in told.items()
    ]


def _place(object_: str, external_id: str) -> str:
    return f"{PREFIX}{fingerprint([object_, external_id])}"


def _standing(stream: Stream, ids: Sequence[str]) -> dict[str, set[str]]:
    """Return which of these source records are warned of now: id there → checks."""
    rows = InboundEvent.objects.filter(
        connection=stream.connection_id,
        dedupe_key__in=[_place(stream.object, id_) for id_ in ids],
    )
    return {
        id_: {check for _, check, *_ in problems}
        for id_, problems in rows.values_list("external_id", "problems")
    }


def _forget(stream: Stream, ids: Sequence[str]) -> None:
    if ids:
        keys = [_place(stream.object, id_) for id_ in ids]
        InboundEvent.objects.filter(connection=stream.connection_id, dedupe_key__in=keys).delete()


def _keep(stream: Stream, live: Live, warned: Mapping[str, Sequence[tuple[str, Problem]]]) -> None:
    rows = [
        {
            "key": _place(stream.object, id_),
            "external_id": id_,
            "problems": [
                [_CODE, one.rule, key, one.message[:_MOST_MESSAGE]] for key, one in said[:_MOST]
            ],
        }
        for id_, said in warned.items()
    ]
    if rows:
        params = {
            "rows": encode(rows),
            "connection": stream.connection_id,
            "stream": stream.pk,
            "state": _THROUGH,
            "mapping_version": live.version_id,
        }
        execute(_KEEP, params)


def _forget_changed(stream: Stream, document: Mapping[str, object]) -> set[str]:
    """Take the warnings of checks that are other ones now out of their rows; return the checks."""
    now = _checks(document)
    ended: set[str] = set()
    rows = InboundEvent.objects.filter(stream=stream, dedupe_key__startswith=PREFIX)
    then = _documents(rows.values_list("mapping_version", flat=True).distinct())
    for row in rows:
        was = then.get(row.mapping_version or 0, {})
        kept = [one for one in row.problems if one[1] in now and was.get(one[1]) == now[one[1]]]
        if len(kept) == len(row.problems):
            continue
        ended |= {one[1] for one in row.problems} - {one[1] for one in kept}
        row.problems = kept
        if kept:
            row.save(update_fields=["problems"])
        else:
            row.delete()
    return ended


def _documents(ids: Iterable[int | None]) -> dict[int, dict[str, object]]:
    rows = MappingVersion.objects.filter(pk__in=[id_ for id_ in ids if id_])
    return {row.pk: _checks(row.document) for row in rows}


def _checks(document: Mapping[str, object]) -> dict[str, object]:
    return {str(one["id"]): one for one in checks_of(document) if one["severity"] == "warn"}


def _settle(stream: Stream, checks: Iterable[str]) -> None:
    """Close the exceptions of checks that no record of the stream is warned of any more."""
    over = [check for check in sorted(checks) if not _is_left(stream, check)]
    if over:
        client_id = stream.connection.client_id
        prints = [cause_fingerprint(KIND, client_id, stream.pk, check) for check in over]
        rows = Issue.objects.filter(fingerprint__in=prints, state__in=sorted(ISSUE.open))
        settle_issues(rows.values_list("pk", flat=True))


def _is_left(stream: Stream, check: str) -> bool:
    place = {"stream": stream.pk, "connection": stream.connection_id}
    return bool(fetch(_ANY_LEFT, {**place, "line": encode([[_CODE, check]])}))


def _count(run: Run, warned: Iterable[Sequence[tuple[str, Problem]]]) -> None:
    """Count the records of a run that each check warned of, for the run's page."""
    found: dict[str, tuple[str, int]] = {}
    records = 0
    for said in warned:
        records += 1
        for check, message in {one.rule: one.message for _, one in said}.items():
            found[check] = message, found.get(check, ("", 0))[1] + 1
    if not found:
        return
    row = Run.objects.select_for_update(no_key=True).only("detail").get(pk=run.pk)
    total = {**row.detail.get("warnings", {})}
    for check, (message, count) in found.items():
        before = total.get(check, {}).get("count", 0)
        total[check] = {"message": message[:_MOST_MESSAGE], "count": before + count}
    told = {"warned": row.warned + records, "warnings": total}
    Run.objects.filter(pk=run.pk).update(detail={**row.detail, **told})


def _cause(stream: Stream, live: Live, problem: Problem) -> Cause:
    connection = stream.connection
    return Cause(
        kind=KIND,
        client_id=connection.client_id,
        same=(stream.pk, problem.rule),
        detail={
            "connection": connection.name,
            "object": stream.object,
            "record_type": stream.canonical.replace("_", " "),
            "mapping": live.name,
            "rule": problem.rule,
            "reason": problem.message,
        },
        connection_id=connection.pk,
    )


_KEEP: Final = """
    INSERT INTO syncjobs_inboundevent AS i
        (connection_id, stream_id, dedupe_key, external_id, source_version, payload, deleted,
         attempts, state, problems, mapping_version, received_at, processed_at)
    SELECT %(connection)s, %(stream)s, x.key, x.external_id, '', '{}', false, 0, %(state)s,
        x.problems, %(mapping_version)s, statement_timestamp(), statement_timestamp()
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS x(key text, external_id text, problems jsonb)
    ON CONFLICT (connection_id, dedupe_key) DO UPDATE
    SET problems = EXCLUDED.problems, mapping_version = EXCLUDED.mapping_version,
        processed_at = EXCLUDED.processed_at
"""
_ANY_LEFT: Final = f"""
    SELECT 1 FROM syncjobs_inboundevent
    WHERE connection_id = %(connection)s AND stream_id = %(stream)s
      AND starts_with(dedupe_key, '{PREFIX}') AND problems @> %(line)s::jsonb LIMIT 1
"""  # noqa: S608  our own constants
