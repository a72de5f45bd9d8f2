"""The closed list of what the audit trail can say.

Each app registers its own in `<app>/actions.py`, imported from `AppConfig.ready()`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from governance.errors import AlreadyRegistered, UnknownAction

_KEY = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")


@dataclass(frozen=True)
class Action:
    """One thing that can have happened: a stable key and how people read it."""

    key: str
    label: str


_registry: dict[str, Action] = {}
_wordings: list[Callable[[str], str]] = []


def word_labels_by(wording: Callable[[str], str]) -> None:
    """Let a higher app put labels into the words of whoever reads; from AppConfig.ready()."""
    _wordings[:] = [wording]


def register_action(key: str, label: str) -> Action:
    """Add an action such as ("mapping.published", "Published a mapping version").

    Raises AlreadyRegistered for a key in use, ValueError for one that is not dotted words.
    """
    if not _KEY.fullmatch(key) or len(key) > 80:
        raise ValueError(f"{key!r} is no action key: use dotted lower-case words.")
    if key in _registry:
        raise AlreadyRegistered(f"The audit action {key!r} is registered twice.")
    _registry[key] = Action(key, label)
    return _registry[key]


def require_registered(action: Action) -> None:
    """Raise UnknownAction for one that did not come from `register_action`."""
    if _registry.get(action.key) is not action:
        raise UnknownAction(f"{action.key!r} is not a registered audit action.")


def action_label(key: str) -> str:
    """Return how people read a key; entries may outlive the code that registered theirs."""
    action = _registry.get(key)
    if action is None:
        return key
    return worded(action.label)


def worded(text: str) -> str:
    """Return one of our own sentences in the words of whoever reads it; never one with data."""
    return _wordings[0](text) if _wordings else text


def registered_actions() -> list[Action]:
    """Return all actions, by label."""
    return sorted(_registry.values(), key=lambda action: action.label)


CHANGE_PROPOSED = register_action("change.proposed", "Proposed a change")
CHANGE_EDITED = register_action("change.edited", "Edited a proposed change")
CHANGE_SIGNED = register_action("change.signed", "Signed a change")
CHANGE_SIGNATURE_REFUSED = register_action("change.signature_refused", "Refused a signature")
CHANGE_APPROVED = register_action("change.approved", "Change has all its signatures")
CHANGE_VOIDED = register_action("change.voided", "Signatures became void")
CHANGE_REOPENED = register_action("change.reopened", "Change needs more signatures again")
CHANGE_REJECTED = register_action("change.rejected", "Rejected a change")
CHANGE_WITHDRAWN = register_action("change.withdrawn", "Withdrew a change")
CHANGE_EXPIRED = register_action("change.expired", "Change expired")
CHANGE_APPLIED = register_action("change.applied", "Applied a change")
CHANGE_FAILED = register_action("change.failed", "Change could not be applied")
IMPACT_ASKED = register_action("change.impact_asked", "Asked for an impact preview")
IMPACT_FOUND = register_action("change.impact_found", "Made an impact preview")
CHANGE_SCHEDULED = register_action("change.scheduled", "Scheduled a change")
CHANGE_HELD = register_action("change.held", "Took a change off the schedule")
CHANGE_RUSHED = register_action("change.rushed", "Made a change live as an emergency")
CHANGE_REVIEWED = register_action("change.reviewed", "Reviewed an emergency change")
CHANGE_ESCALATED = register_action("change.escalated", "Emergency change was not reviewed in time")
CHANGE_ALONE = register_action("change.alone", "Approved a change alone, with nobody else to sign")
CHANGE_UNSIGNED = register_action("change.unsigned", "Change needed no signature")
CHANGE_ROLLED_BACK = register_action("change.rolled_back", "Rolled a change back")
CHANGE_JOINED = register_action("change.joined", "Joined two requests into one set")
CHANGE_COMMENTED = register_action("change.commented", "Commented on a change")
CHANGE_ATTACHED = register_action("change.attached", "Attached a file to a change")
CHANGE_LIMITED = register_action("change.limited", "Said which legal entities a change concerns")
CHANGE_REPLAYED = register_action("change.replayed", "Sent the records of a change again")
POLICY_SET = register_action("policy.set", "Set an approval policy")
POLICY_REMOVED = register_action("policy.removed", "Removed an approval policy")
WINDOW_SET = register_action("window.set", "Set a release or freeze window")
WINDOW_REMOVED = register_action("window.removed", "Removed a release or freeze window")
POLICIES_STARTED = register_action("policy.started", "Set up the first approval policies")
AUDIT_EXPORTED = register_action("audit.exported", "Exported the audit trail")
EVIDENCE_EXPORTED = register_action("evidence.exported", "Drew evidence")
AUDIT_PROOF_TAKEN = register_action("audit.proof_taken", "Downloaded a proof of the audit trail")
AUDIT_CHECKED = register_action("audit.checked", "Checked the audit trail")
SUBJECT_ERASED = register_action("subject.erased", "Erased what the audit trail says of a person")
