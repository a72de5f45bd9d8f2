"""Refuses the signature of somebody who is not independent of whoever wrote a change."""

from datetime import timedelta

from django.utils import timezone

from governance.errors import NotIndependent
from governance.independence import NO_HANDS, Hands, hands_since, why_dependent
from governance.models import AuditEntry, ChangeRequest
from governance.requirements import Requirement


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
