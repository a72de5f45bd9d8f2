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
    return _wordings[0](action.label) if _wordings else action.label


def registered_actions() -> list[Action]:
    """Return all actions, by label."""
    return sorted(_registry.values(), key=lambda action: action.label)


CHANGE_PROPOSED = register_action("change.proposed", "Proposed a change")
CHANGE_EDITED = register_action("change.edited", "Edited a proposed change")
CHANGE_SIGNED = register_action("change.signed", "Signed a change")
CHANGE_SIGNATURE_REFUSED = register_action("change.signature_refused", "Refused a signature")
CHANGE_APPROVED = register_action("change.approved", "Change has all its signatures")
CHANGE_VOIDED = register_action("change.voided", "Signatures became void")
CHANGE_REJECTED = register_action("change.rejected", "Rejected a change")
CHANGE_WITHDRAWN = register_action("change.withdrawn", "Withdrew a change")
CHANGE_EXPIRED = register_action("change.expired", "Change expired")
CHANGE_APPLIED = register_action("change.applied", "Applied a change")
CHANGE_FAILED = register_action("change.failed", "Change could not be applied")
POLICIES_STARTED = register_action("policy.started", "Set up the first approval policies")
AUDIT_EXPORTED = register_action("audit.exported", "Exported the audit trail")
AUDIT_PROOF_TAKEN = register_action("audit.proof_taken", "Downloaded a proof of the audit trail")
AUDIT_CHECKED = register_action("audit.checked", "Checked the audit trail")
SUBJECT_ERASED = register_action("subject.erased", "Erased what the audit trail says of a person")
