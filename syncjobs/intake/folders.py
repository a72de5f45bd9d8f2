"""Files that a reading found in a folder: taken in like uploaded ones, or told to a person."""

from typing import Final

from syncjobs.connectors.base import FoundFile, Page
from syncjobs.engine.issues import Cause, Occurrence, raise_issues, settle_kind
from syncjobs.engine.live import Live
from syncjobs.intake.filing import Taken, check_content, keep_file
from syncjobs.models import Run, Stream

UNUSABLE: Final = "file_unusable"


def take_found(stream: Stream, live: Live, file: FoundFile) -> Taken:
    """Put a file's rows where messages wait, in the caller's transaction."""
    checked = check_content(
        stream.connection,
        live,
        stream.mapping,
        object_=stream.object,
        name=file.name,
        content=file.content,
    )
    # A file that is new in its folder says what holds now, whatever it said before.
    return keep_file(stream, checked, name=file.name, content=file.content, again=True)


def refuse_file(stream: Stream, file: FoundFile) -> None:
    """Tell a person of a file that is of no use; the others go on."""
    raise_issues([Occurrence(_cause(stream, file.name, file.problem), file.problem)])


def note_folder(stream: Stream, run: Run, page: Page) -> None:
    """Keep what a reading says at its end, and close what it says no more."""
    if page.note:
        run.detail = {**run.detail, "note": page.note}
        Run.objects.filter(pk=run.pk).update(detail=run.detail)
    if page.unusable is not None:
        keep = [_cause(stream, name, "").fingerprint for name in page.unusable]
        settle_kind(stream.connection_id, UNUSABLE, keep)


def _cause(stream: Stream, name: str, problem: str) -> Cause:
    return Cause(
        kind=UNUSABLE,
        client_id=stream.connection.client_id,
        same=(stream.pk, name),
        detail={"connection": stream.connection.name, "file": name, "reason": problem},
        connection_id=stream.connection_id,
    )
