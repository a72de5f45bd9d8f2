"""The four answers about an engagement, in a few plain words each. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from branding.formats import date_text, money_text, number_text
from branding.viewer import Viewer
from syncjobs.indicators.engagements.chosen import HEADS
from syncjobs.indicators.engagements.facts import INVOICE, Facts, Place, contract_in
from syncjobs.indicators.engagements.work import TAKEN_OVER, Stop, Work
from syncjobs.models import CanonicalRecord
from tenants.nouns import in_words

OK, WAITING, PROBLEM, NOTHING = "ok", "waiting", "problem", "none"
TONES: Final = {OK: "ok", WAITING: "info", PROBLEM: "bad", NOTHING: "idle"}
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """`state`: ok, waiting (it goes on by itself), problem, or none (nothing to say yet).

    `short`: for a list's cell. `verdict`: a sentence.
    """

    state: str
    short: str
    verdict: str

    @property
    def tone(self) -> str:
        """How it is coloured."""
        return TONES[self.state]


def _problem(short: str, verdict: str) -> Answer:
    return Answer(PROBLEM, short, verdict)


def _nothing(short: str, verdict: str) -> Answer:
    return Answer(NOTHING, short, verdict)


@dataclass(frozen=True, slots=True)
class Answers:
    """All four: does the project exist where it should, did approved time reach the ERP, is an
    invoice blocked, does revenue carry the right contract.
    """

    project: Answer
    time: Answer
    invoice: Answer
    revenue: Answer

    @property
    def each(self) -> list[Answer]:
        """The four in the order in which they are asked."""
        return [getattr(self, one.name) for one in fields(self)]

    @property
    def state(self) -> str:
        """What counts of all four: the worst that is true."""
        states = {one.state for one in self.each}
        return next(one for one in (PROBLEM, WAITING, OK, NOTHING) if one in states)


def answers_from(facts: Facts, viewer: Viewer) -> Answers:
    """Return the four answers, with numbers and days as the viewer writes them."""
    return Answers(
        project_answer(facts),
        time_answer(facts, viewer),
        invoice_answer(facts),
        revenue_answer(facts, viewer),
    )


# -- what stands open behind each answer


def project_stops(facts: Facts) -> list[Stop]:
    """Return what is still to be written of the project, its contract and its opportunity."""
    return [one for one in facts.stops if one.kind in HEADS]


def time_stops(facts: Facts) -> list[Stop]:
    """Return what is still to be written of approved time and expenses, and what they wait for.

    A line stands behind its invoice's heading, which says what is wrong.
    """
    stops = [one for one in facts.stops if one.connection_id in facts.promises.billing]
    mine = [one for one in stops if one.kind in TAKEN_OVER]
    headings = [one for one in stops if one.kind == INVOICE and one.is_stopped]
    return mine + (headings if any(one.state == "waiting" for one in mine) else [])


def invoice_stops(facts: Facts) -> list[Stop]:
    """Return what is still to be written of invoices and of milestones, each of which is one."""
    made = facts.promises.invoicing | facts.promises.billing
    kinds = (INVOICE, "milestone")
    return [one for one in facts.stops if one.kind in kinds and one.connection_id in made]


def revenue_stops(facts: Facts) -> list[Stop]:
    """Return what the revenue engine has not been told yet."""
    return [one for one in facts.stops if one.connection_id in facts.promises.revenue]


# -- does the project exist in every system that it should?


def project_answer(facts: Facts) -> Answer:
    """Say where the project is, where it is missing, and what its start waits for."""
    if not facts.heads_of("project") and (early := _before_its_project(facts)) is not None:
        return early
    stops = project_stops(facts)
    missing = [one for one in facts.places if not one.ref]
    lacking = {one.connection.pk for one in missing}
    every = len({one.connection.pk for one in facts.places})
    if missing:
        return _missing(missing, stops, f"{every - len(lacking)} of {every}")
    if not facts.promises.homes.get("project"):
        count = _plural(every, "system")
        words = in_words("No workflow here takes projects to other systems.")
        return _nothing(f"In {count}", f"Known in {count}. {words}")
    where = f"in all {every} systems" if every > 1 else "in the one system that it should"
    if stopped := [one for one in stops if one.is_stopped]:
        still = f"But it stands still: {_because(stopped)}."
        return _problem(f"{every} of {every}, stopped", f"Yes, {where}. {still}")
    return Answer(OK, f"{every} of {every} systems", f"Yes, {where}.")


def _before_its_project(facts: Facts) -> Answer | None:
    """What to say of an opportunity that is not won; None where there should be a project."""
    stages = {str(one.data.get("stage") or "") for one in facts.heads_of("opportunity")}
    if not stages or "won" in stages or facts.heads_of("contract"):
        return None
    if stages == {"lost"}:
        return _nothing("Lost", "There is no project: the opportunity was lost.")
    return _nothing("Not won yet", "Not yet: the opportunity is not won.")


def _missing(places: Sequence[Place], stops: Sequence[Stop], share: str) -> Answer:
    names = _listed(f"{_called(one)} in {one.connection}" for one in places)
    kinds = {one.kind for one in places}
    mine = [one for one in stops if one.kind in kinds]
    if stopped := [one for one in mine if one.is_stopped]:
        why = _because(stopped)
        return _problem(f"{share} systems", f"No: there is no {names} yet, because {why}.")
    if mine:
        return Answer(WAITING, f"{share}, on its way", f"Not yet: on its way is the {names}.")
    return _problem(f"{share} systems", f"No: there is no {names}, and none is on its way.")


def _called(place: Place) -> str:
    return f"{place.kind} {place.record.key}" if place.record else place.kind


# -- did approved time reach the ERP?


def time_answer(facts: Facts, viewer: Viewer) -> Answer:
    """Say how much approved time and how many expenses reached the ERP, and what stops the rest."""
    billable = [one for one in facts.work if one.kind in TAKEN_OVER]
    rows = [one for one in billable if one.fate != "unapproved"]
    through = [one for one in rows if one.fate == "reached"]
    if not facts.promises.billing and not through:
        words = in_words("no workflow here takes time to an ERP")
        return _nothing("Not done here", f"Not applicable: {words}.")
    if not rows:
        waits = _unapproved(billable, viewer)
        return _nothing("None approved", f"No billable time is approved yet.{waits}")
    if left := [one for one in rows if one.fate in ("under_way", "unplanned")]:
        return _work_left(facts, left, viewer)
    if not through:
        elsewhere = any(one.fate == "elsewhere" for one in rows)
        how = "was invoiced outside of here" if elsewhere else "was given up by a person"
        return _nothing("Not through here", f"No: what is approved {how}.")
    given_up = [one for one in rows if one.fate == "given_up"]
    but = f" A person gave up {_amount_of(given_up, viewer)}." if given_up else ""
    said = f"Yes, all: {_amount_of(through, viewer)}.{but}{_unapproved(billable, viewer)}"
    return Answer(OK, f"All {_size(through, viewer)}", said)


def _unapproved(rows: Iterable[Work], viewer: Viewer) -> str:
    """Say what an invoice lacks since nobody has approved it yet."""
    early = [one for one in rows if one.fate == "unapproved"]
    return f" Still to be approved: {_amount_of(early, viewer)}." if early else ""


def _work_left(facts: Facts, left: Sequence[Work], viewer: Viewer) -> Answer:
    what, short = _amount_of(left, viewer), _size(left, viewer)
    if since := min((one.since for one in left if one.since), default=""):
        what = f"{what}, approved since {_day(since, viewer)}"
    if not any(one.fate == "under_way" for one in left):
        return _problem(f"{short} not planned", f"No: nothing is planned for {what}.")
    comma = "," if since else ""
    verb = "is" if sum(one.count for one in left) == 1 else "are"
    if stopped := [one for one in time_stops(facts) if one.is_stopped]:
        why = _because(stopped)
        return _problem(f"{short} stopped", f"No: {what}{comma} {verb} waiting, because {why}.")
    return Answer(WAITING, f"{short} on the way", f"Not yet: {what}{comma} {verb} on the way.")


def _size(rows: Iterable[Work], viewer: Viewer) -> str:
    """Hours, or where there are none how many expenses."""
    known = list(rows)
    hours = sum((one.hours for one in known), Decimal(0))
    return f"{_number(hours, viewer)} h" if hours else _plural(_count(known, "expense"), "expense")


def _amount_of(rows: Iterable[Work], viewer: Viewer) -> str:
    """`12.5 hours of 3 people and 2 expenses`."""
    known = list(rows)
    entries = [one for one in known if one.kind == "time_entry"]
    parts = []
    if entries:
        hours = sum((one.hours for one in entries), Decimal(0))
        people = len(frozenset().union(*(one.people for one in entries)))
        who = f" of {people} {'person' if people == 1 else 'people'}" if people else ""
        parts.append(f"{_number(hours, viewer)} {'hour' if hours == 1 else 'hours'}{who}")
    if receipts := _count(known, "expense"):
        parts.append(_plural(receipts, "expense"))
    return " and ".join(parts)


def _count(rows: Iterable[Work], kind: str) -> int:
    return sum(one.count for one in rows if one.kind == kind)


# -- is an invoice blocked, and by what?


def invoice_answer(facts: Facts) -> Answer:
    """Say how many invoices are blocked, and by what."""
    open_ones = invoice_stops(facts)
    if stopped := [one for one in open_ones if one.is_stopped]:
        count = sum(one.count for one in stopped)
        return _problem(f"{count} blocked", f"Yes, {count}: {_because(stopped)}.")
    if not facts.invoices:
        if facts.promises.invoicing:
            return _nothing("None yet", "There is no invoice yet.")
        words = in_words("no workflow here makes invoices")
        return _nothing("Not done here", f"Not applicable: {words}.")
    if open_ones:
        return Answer(WAITING, "Being written", "No. But one is still being written.")
    count = len(facts.invoices)
    whole = "the one invoice is not" if count == 1 else f"none of {count} invoices is"
    return Answer(OK, f"None of {count}", f"No, {whole} blocked.")


# -- does the revenue carry the right contract reference?


def wrongly_named(facts: Facts) -> list[CanonicalRecord]:
    """Return the revenue and the invoices that name another contract than the engagement's."""
    right = {*facts.contracts}
    if not right:
        return []
    revenue = [one for one in facts.revenue if contract_in(one) not in right]
    # Some systems keep no contract on an invoice; one that does must have the right one.
    return revenue + [one for one in facts.invoices if contract_in(one) not in {"", *right}]


def revenue_answer(facts: Facts, viewer: Viewer) -> Answer:
    """Say whether invoices and recognised revenue name the engagement's contract."""
    right = _listed(facts.contracts)
    if wrong := wrongly_named(facts):
        names = _listed(f"{one.key} ({contract_in(one) or 'none'})" for one in wrong)
        verb = "names" if len(wrong) == 1 else "name"
        said = f"No: {len(wrong)} {verb} another contract than {right}: {names}."
        return _problem(f"{len(wrong)} wrong", said)
    if stopped := [one for one in revenue_stops(facts) if one.is_stopped]:
        count = sum(one.count for one in stopped)
        records = f"{_plural(count, 'record')} {'is' if count == 1 else 'are'}"
        said = f"No: {records} not there yet, because {_because(stopped)}."
        return _problem(f"{count} stopped", said)
    if not facts.promises.revenue and not facts.revenue:
        words = in_words("no workflow here tells a revenue engine anything")
        return _nothing("Not done here", f"Not applicable: {words}.")
    if not facts.contracts:
        state = PROBLEM if facts.revenue else NOTHING
        return Answer(state, "No contract", "Not known: the project names no contract.")
    if not facts.revenue:
        return _nothing("None yet", f"Nothing is recognised yet. It is to name {right}.")
    sums = _listed(
        f"{money_text(amount, currency, viewer)} {currency}".strip()
        for currency, amount in sorted(facts.recognised.items())
    )
    return Answer(OK, right, f"Yes: {sums} of revenue, all under {right}.")


# -- words


def _because(stops: Sequence[Stop]) -> str:
    """What stops these, the most first: the end of a sentence."""
    reasons = list(dict.fromkeys(_reason(one) for one in stops))
    more = len(reasons) - 1
    return reasons[0] + (f", and {more} more" if more else "")


def _reason(stop: Stop) -> str:
    if stop.missing:
        return f"{stop.missing} is missing"
    return (stop.title or stop.error or "it failed").rstrip(".")


def _listed(names: Iterable[str]) -> str:
    known = list(names)
    more = len(known) - _NAMED
    return ", ".join(known[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _number(value: Decimal, viewer: Viewer) -> str:
    return number_text(f"{value.normalize():f}", viewer)


def _day(text: str, viewer: Viewer) -> str:
    """A day of the record's own text: a date, or a moment in the viewer's zone."""
    if len(text) == 10:
        return date_text(date.fromisoformat(text), viewer)
    return date_text(datetime.fromisoformat(text).astimezone(viewer.tzinfo).date(), viewer)
