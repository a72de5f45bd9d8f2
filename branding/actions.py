"""Audit actions of the brand."""

from governance.actions import register_action
from governance.objects import register_objects

MAIL_SENDER_EDITED = register_action("mail.sender_edited", "Edited the sender of mails")
MAIL_SENDER_TESTED = register_action("mail.sender_tested", "Sent a test mail")
BRAND_EDITED = register_action("brand.edited", "Edited the brand's draft")
BRAND_PUBLISHED = register_action("brand.published", "Published the brand")
BRAND_DISCARDED = register_action("brand.discarded", "Discarded the brand's draft")
BRAND_REVERTED = register_action("brand.reverted", "Published an earlier brand again")
CLIENT_BRANDED = register_action("brand.client_changed", "Changed a client's own logo or forms")
EVIDENCE_ASKED = register_action("evidence.asked", "Asked for evidence")
EVIDENCE_FAILED = register_action("evidence.failed", "Evidence could not be drawn")
EVIDENCE_FETCHED = register_action("evidence.fetched", "Downloaded evidence")
EVIDENCE_REMOVED = register_action("evidence.removed", "Removed a file of evidence")
ANCHOR_MAIL_SET = register_action(
    "anchor_mail.set", "Set who gets the end of the audit trail by mail"
)
register_objects(
    {
        "anchor_mail": "Mail of the audit trail",
        "brand": "Brand",
        "statement": "Statement",
        "subscription": "Subscription",
        "tier": "Tier",
        "client": "Client",
    }
)
