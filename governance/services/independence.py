"""Whether a signer is independent of whoever wrote a change, and whether there is one at all."""

from datetime import timedelta

from django.utils import timezone

from governance.errors import NotIndependent
from governance.independence import NO_HANDS, Hands, hands_since, why_dependent
from governance.models import AuditEntry, ChangeRequest
from governance.requirements import Requirement
from governance.signers import signers_since


class Ties:
    """Reads the hands laid on accounts once for any number of requests."""

    def __init__(self) -> None:
        self._hands: dict[int, tuple[Hands, bool]] = {}

    def require_independent(
        self, signer_key: str, request: ChangeRequest, requirement: Requirement
    ) -> None:
        """Raise NotIndependent, saying why and how long, unless the signer may decide."""
        days = requirement.independence_days
        hands, founding = self._known(days)
        for editor in request.editors:
            why = why_dependent(signer_key, str(editor["key"]), hands, founding=founding)
            if why:
                raise NotIndependent(
                    f"{why} less than {days} days ago. Until then somebody else has to sign it."
                )

    def _known(self, days: int) -> tuple[Hands, bool]:
        if not days:
            return NO_HANDS, True
        if days not in self._hands:
            since = timezone.now() - timedelta(days=days)
            hands = hands_since(since)
            # Only asked where it matters: the trail's first entry is as old as the partner.
            founding = bool(hands.on) and not AuditEntry.objects.filter(at__lt=since).exists()
            self._hands[days] = hands, founding
        return self._hands[days]


def is_alone(request: ChangeRequest, requirement: Requirement) -> bool:
    """Say whether whoever wrote a request is the only one who could sign it, and the policies
    are "solo": then there is nobody to wait for. It holds no more as soon as a second person
    could sign, and not again within days of somebody having been let go."""
    if not requirement.solo or len(request.editors) != 1:
        return False
    known = signers_since(timezone.now() - timedelta(days=requirement.independence_days))
    return not known.let_go and known.keys == {str(request.editors[0]["key"])}
