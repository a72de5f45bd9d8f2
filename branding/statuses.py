"""What a stored status looks like to people: a tone and a word. Pure data."""

from __future__ import annotations

_BY_TONE: dict[str, str] = {
    "ok": "delivered active approved applied ready succeeded success done resolved live paid "
    "posted issued published healthy connected verified closed signed completed sent",
    "warn": "held waiting unknown partial late due expiring degraded paused proposed submitted "
    "draft_changed reconnect onboarding open_circuit scheduled half_open",
    "bad": "failed parked error rejected broken expired overdue suspended open critical high "
    "failing revoked disconnected bounced",
    "info": "running retrying processing assigned acknowledged in_progress info testing "
    "provisioning invited sending drawing",
    "idle": "pending unchanged cancelled skipped draft retired archived withdrawn left low "
    "normal asked disabled not_started removed rolled_back medium queued dropped",
}
TONES: dict[str, str] = {word: tone for tone, words in _BY_TONE.items() for word in words.split()}

_LABELS: dict[str, str] = {
    "unknown": "Outcome unknown",
    "held": "On hold",
    "in_progress": "In progress",
    "rolled_back": "Rolled back",
}


def tone_of(status: object) -> str:
    """The tone of a status: ok, warn, bad, info or idle (also for a word that is not known)."""
    return TONES.get(str(status).lower(), "idle")


def label_of(status: object) -> str:
    """The word that people read for a status."""
    text = str(status)
    return _LABELS.get(text, text.replace("_", " ").capitalize())
