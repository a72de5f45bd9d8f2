"""Brand; tiers, subscriptions, usage and statements."""

from branding.models.brand import Brand, ClientBrand
from branding.models.mail import MailSender
from branding.models.report import EvidenceReport
from branding.models.statement import Statement, StatementLine
from branding.models.tier import Subscription, Tier, TierVersion, UsageDay

__all__ = [
    "Brand",
    "ClientBrand",
    "EvidenceReport",
    "MailSender",
    "Statement",
    "StatementLine",
    "Subscription",
    "Tier",
    "TierVersion",
    "UsageDay",
]
