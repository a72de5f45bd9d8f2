"""What can go wrong, in plain words, and what to do about it. Pure data.

`title` may name things in braces, out of the issue's `detail`; one that is missing is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from tenants.nouns import in_words

TECHNICAL: Final = "technical"
BUSINESS: Final = "business"
HIGH, MEDIUM, LOW = 1, 2, 3
# Kinds that code elsewhere asks for.
GONE: Final = "gone_there"
WITHDRAWN: Final = "withdrawn_after_delivery"


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of exception. `due_hours`: how soon somebody should have looked at it."""

    kind: str
    class_name: str
    severity: int
    title: str
    explanation: str
    next_step: str
    due_hours: int


_ENTRIES: Final = (
    Entry(
        "credentials_refused",
        TECHNICAL,
        HIGH,
        "{connection} refuses our credentials",
        "The system no longer accepts the credentials of this connection. Nothing is read from "
        "it or written to it until they are renewed. What is due waits, in order.",
        "Enter new credentials on the connection and test it. Waiting work goes on by itself.",
        4,
    ),
    Entry(
        "system_unreachable",
        TECHNICAL,
        HIGH,
        "{connection} cannot be reached",
        "Several calls in a row failed or had no answer. We try again at growing intervals, "
        "a minute at the most; nothing is lost meanwhile.",
        "If it lasts, ask who runs the system whether it is down or its address has changed.",
        4,
    ),
    Entry(
        "reading_failed",
        TECHNICAL,
        HIGH,
        "{connection}: {object} could not be read",
        "Reading stopped part way. It continues from the last page that was stored.",
        "Look at the message. If it is about rights, give the connection's user read access.",
        8,
    ),
    Entry(
        "schema_drift",
        TECHNICAL,
        MEDIUM,
        "{connection}: {object} come with other fields than before",
        "The system changed what it gives: fields that the mapping reads went missing or hold "
        "another kind of value, in every record lately.",
        "Ask who runs the system whether that is meant. If it is, propose a version of the mapping "
        "that reads what comes now. This closes by itself when the fields are back or another "
        "version of the mapping is live.",
        8,
    ),
    Entry(
        "file_unusable",
        BUSINESS,
        MEDIUM,
        "{connection}: the file {file} cannot be taken in",
        "It was found in the folder and left there. The other files were taken in.",
        "Have the file mended and put there again, or taken away. This closes by itself then.",
        8,
    ),
    Entry(
        "deletions_in_doubt",
        BUSINESS,
        HIGH,
        "{connection}: {gone} of {known} {object} are missing",
        "A full comparison with the source did not find these records any more. That many at "
        "once, or rows that came without their id, may be an error there, so nothing was deleted.",
        "Look into the source. If they were deleted there, confirm it on the connection's page; "
        "if not, mend the source and compare again.",
        8,
    ),
    Entry(
        "intake_broke",
        TECHNICAL,
        MEDIUM,
        "{connection}: a message about {object} {key} cannot be worked off",
        "Working it off ended three times without an answer, so it was set aside. Other "
        "messages go on.",
        "Read the source again to take the record in; tell support if it stays so.",
        8,
    ),
    Entry(
        "message_sealed",
        TECHNICAL,
        HIGH,
        "{connection}: messages about {object} cannot be opened",
        "They are kept sealed, under a key that this installation does not have now. They were "
        "set aside as they came, and later ones go on.",
        "Tell support: whoever runs the installation has to put the right key back. The messages "
        "are then taken in with the next reading.",
        4,
    ),
    Entry(
        "retries_used_up",
        TECHNICAL,
        MEDIUM,
        "{connection}: {step} keeps failing",
        "The write was tried several times at growing intervals and failed each time.",
        "Look at the last answer of the system, mend the cause, then retry.",
        8,
    ),
    Entry(
        "write_not_understood",
        TECHNICAL,
        MEDIUM,
        "{connection} does not accept this kind of write: {step}",
        "The system answers that the call itself is wrong, or that something which it belongs to "
        "is gone there. Repeating it would fail again.",
        "Compare the request with the system's documentation; mend the mapping, then retry. If "
        "what it belongs to was deleted there, have that made again on the page of its delivery.",
        8,
    ),
    Entry(
        GONE,
        TECHNICAL,
        MEDIUM,
        "{connection}: {record_type} that we wrote is gone there",
        "The system answers that a record which we made or linked there does not exist any more: "
        "somebody deleted it by hand, or our user may not see it now. Each change of it would "
        "fail in the same way.",
        "If it should exist, make it again: the system is asked for it by its number first. If it "
        "was deleted on purpose, skip it. When very many are gone at once, look at the "
        "connection's address and rights before.",
        8,
    ),
    Entry(
        "changed_there",
        TECHNICAL,
        MEDIUM,
        "{connection}: the record changed there meanwhile",
        "Somebody changed the record in the target since we last saw it, more than once.",
        "Decide which side is right. If ours is, try it again; if theirs is, say on the record's "
        "page below that it is done there.",
        8,
    ),
    Entry(
        "outcome_unknown",
        TECHNICAL,
        HIGH,
        "{connection}: did this write arrive? {step}",
        "The write was sent and the answer never came, and the system cannot be asked what it "
        "holds. Sending it again could create it twice.",
        "Look in the system. If it is there, say on the record's page below that it is done there; "
        "if it is not, try it again.",
        4,
    ),
    Entry(
        "worker_died",
        TECHNICAL,
        HIGH,
        "{step} was given up after three starts that never ended",
        "Each time that this delivery was started, the process that worked on it died. It is "
        "set aside so that other work goes on.",
        "Look at the record's data for something unusual, tell support, then retry.",
        8,
    ),
    Entry(
        "rejected_by_target",
        BUSINESS,
        MEDIUM,
        "{connection} rejects {record_type}: {reason}",
        "The system understood the write and refused its content by a rule of its own.",
        "Correct the data in the source, or the setting in the target, then retry.",
        8,
    ),
    Entry(
        "mapping_problem",
        BUSINESS,
        MEDIUM,
        "{mapping}: {target} could not be filled",
        "The record's data does not fit the mapping: a value is missing or is not one that the "
        "mapping knows.",
        "Correct the record in its source, or propose a change of the mapping.",
        8,
    ),
    Entry(
        "intake_problem",
        BUSINESS,
        MEDIUM,
        "{connection}: {object} came in with a problem in {target}",
        "Records from this source do not fit the mapping. They are kept as they came and are "
        "tried again when the source or the mapping changes.",
        "Correct the record in its source, or propose a change of the mapping.",
        8,
    ),
    Entry(
        "intake_warning",
        BUSINESS,
        LOW,
        "{connection}: {record_type} came in with a warning: {reason}",
        "A check of the mapping warns of these records. They went on; nothing waits for this.",
        "Correct the records in their source. When no record is warned of any more, or the check "
        "is another one, this closes by itself.",
        72,
    ),
    Entry(
        "mapping_missing",
        TECHNICAL,
        HIGH,
        "There is no published mapping {mapping}",
        "A workflow or a source needs a mapping that does not exist or has no published version.",
        "Publish a version of this mapping. Waiting work goes on by itself after a retry.",
        4,
    ),
    Entry(
        "duplicate_record",
        BUSINESS,
        MEDIUM,
        "{connection}: two {object} have the number {key}",
        "Two records in one system carry the same number, so they cannot both be the same "
        "{record_type}. The first one that was seen stays linked; the other is set aside.",
        "Merge the two in the source, or give one of them another number.",
        16,
    ),
    Entry(
        "owners_disagree",
        BUSINESS,
        MEDIUM,
        "{record_type} {key}: two systems disagree on {field}",
        "No system owns this field, so a person decides. Until then the record keeps what it has.",
        "Correct it in one of the systems, until both say the same (a plain text also on the "
        "record's page); or choose an owner for it on the page of owners.",
        16,
    ),
    Entry(
        "missing_prerequisite",
        BUSINESS,
        MEDIUM,
        "Missing: {missing}",
        "A rule holds this back until what is missing has arrived. It is released by itself the "
        "moment that it does.",
        "Get the missing item set up, or have it released by hand, with a reason.",
        16,
    ),
    Entry(
        "gate_rejected",
        BUSINESS,
        MEDIUM,
        "{gate} refuses: {missing}",
        "A rule of the workflow does not let this through. Nothing was written, and nothing is "
        "until the record changes or somebody tries it again.",
        "Correct the record in its source; it is tried again by itself then.",
        16,
    ),
    Entry(
        "control_total_off",
        BUSINESS,
        HIGH,
        "{what} of {period}: {differing} records differ by {difference}",
        "The nightly comparison found records that are not the same in both systems, and nothing "
        "on hold or refused explains it.",
        "Look at the records named here in both systems. When they are right, the next "
        "comparison closes this by itself.",
        8,
    ),
    Entry(
        WITHDRAWN,
        BUSINESS,
        HIGH,
        "{what} withdrawn after {systems} had it",
        "It was approved or complete when it was written. Since then its source has taken that "
        "back or deleted it. Nothing was taken back where it was written: it may be booked there.",
        "Decide with whoever bills it: either it is approved again in its source, which closes "
        "this by itself, or it is credited or removed where it was written; then resolve this "
        "and say how.",
        8,
    ),
    Entry(
        "deliveries_late",
        BUSINESS,
        HIGH,
        "{workflow}: not delivered within {hours}, as was promised",
        "What this workflow should have written by now is not written yet.",
        "Look at what is not through on the workflow's page: something holds it, or a system does "
        "not answer. When nothing is late any more, this closes by itself.",
        4,
    ),
    Entry(
        "comparison_unfinished",
        TECHNICAL,
        HIGH,
        "{workflow}: the comparison was given up after two that never ended",
        "Each time, the process that compared ended before it was done: most likely the systems "
        "answer too slowly for as many records as there are. Nothing is known of the totals.",
        "Let fewer records be compared or the systems answer faster, then run the workflow by "
        "hand. A comparison that ends closes this by itself.",
        8,
    ),
    Entry(
        "dependency_missing",
        BUSINESS,
        LOW,
        "{record_type} {key} has not arrived in {connection}",
        "Something waits for a record that should exist in the target first and does not.",
        "See why that record has not been delivered, or cancel what waits for it.",
        24,
    ),
)
CATALOGUE: Final[Mapping[str, Entry]] = {entry.kind: entry for entry in _ENTRIES}


class _Blank(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""


def title_of(kind: str, detail: Mapping[str, object]) -> str:
    """Return the title of one exception, at most 240 characters."""
    return CATALOGUE[kind].title.format_map(_Blank(detail))[:240]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an exception means and what to do about it, for whoever works on it."""

    why: str
    next_step: str


class _Told(Protocol):
    """What `explain` reads of an exception."""

    kind: str
    detail: Any


def explain(issue: _Told) -> Explanation:
    """Return the explanation of one exception, with what its system or gate said."""
    entry = CATALOGUE[issue.kind]
    said = issue.detail.get("message") or issue.detail.get("reason") or ""
    why = f"{in_words(entry.explanation)} {said}".strip()
    return Explanation(why, in_words(entry.next_step))
