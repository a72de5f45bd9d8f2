"""Why governance refuses. Each message is written for the person who reads it."""

from django.core.exceptions import PermissionDenied


class Refusal(Exception):
    """Base of every refusal; `str(error)` is safe and fit to show."""


class NotPermitted(PermissionDenied):
    """The actor may not do this. A door answers 403 (or 404 where existence is a secret)."""


class SignatureRefused(NotPermitted):
    """This actor, though permitted in general, cannot sign this request."""


class NotIndependent(SignatureRefused):
    """The signer's account was made, or widened, by whoever wrote the change, or the reverse."""


class UnknownKind(Refusal):
    """No applier is registered for a kind: the change is stopped, never let through."""


class UnknownAction(Refusal):
    """An audit action outside the closed registry."""


class AlreadyRegistered(Refusal):
    """The same action, or the same applier, was registered twice."""


class BadTransition(Refusal):
    """A change request cannot go that way from the status that it is in."""


class InvalidProposal(Refusal):
    """The proposal itself is wrong: empty, without a reason, about two clients at once."""


class PolicyMissing(Refusal):
    """No approval policy covers a kind, so nothing of that kind may go in."""


class ContentChanged(Refusal):
    """What was reviewed is not what the request holds now."""


class BaseMoved(Refusal):
    """What the request was written against has changed since; its signatures are void."""


class Frozen(Refusal):
    """A freeze window is open: nothing goes in now."""


class OutsideWindow(Frozen):
    """The policy lets changes in during release windows only, and none is open."""


class Ungoverned(Refusal):
    """Code tried to alter a governed object without an approved change of exactly that."""


class ApplyFailed(Refusal):
    """An approved change could not be made live. Nothing of it went in."""


class AppendOnly(Refusal):
    """Somebody tried to alter or delete what is written once."""
