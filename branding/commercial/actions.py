"""Audit actions of tiers, subscriptions and statements."""

from governance.actions import register_action

TIER_ADDED = register_action("tier.added", "Added a tier")
TIER_CHANGED = register_action("tier.changed", "Changed a tier's name or state")
TIER_PRICED = register_action("tier.priced", "Set a tier's prices")
TIER_COSTED = register_action("tier.costed", "Set what a tier costs")
SUBSCRIBED = register_action("subscription.started", "Put a client on a tier")
SUBSCRIPTION_ENDED = register_action("subscription.ended", "Ended a subscription")
SUBSCRIPTION_CANCELLED = register_action(
    "subscription.cancelled", "Cancelled a subscription before it began"
)
FEE_ADDED = register_action("fee.added", "Added a one-off fee")
FEE_TAKEN_BACK = register_action("fee.taken_back", "Took back a one-off fee")
AGREED = register_action("subscription.agreed", "Changed what is agreed with a client")
STATEMENT_ISSUED = register_action("statement.issued", "Issued a statement")
