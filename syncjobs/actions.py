"""Audit actions of connections, workflows, deliveries and exceptions."""

from governance.actions import register_action
from governance.objects import register_objects

CONNECTION_ADDED = register_action("connection.added", "Added a connection")
RETENTION_SET = register_action("retention.set", "Set for how long things are kept")
SCOPE_SET = register_action("connection.scope", "Set what a connection may touch")
CONNECTION_TESTED = register_action("connection.tested", "Tested a connection")
FIELDS_CHANGED = register_action("connection.fields", "Found other fields in a system")
CONNECTION_DISABLED = register_action("connection.disabled", "Switched a connection off")
CONNECTION_ENABLED = register_action("connection.enabled", "Switched a connection on")
CREDENTIALS_CHANGED = register_action("connection.credentials", "Changed credentials")
HOOK_OPENED = register_action("connection.webhook_opened", "Opened an address for webhooks")
HOOK_SECRET_MADE = register_action("connection.webhook_secret", "Made a new webhook secret")
HOOK_CLOSED = register_action("connection.webhook_closed", "Closed an address for webhooks")
SECRETS_ROTATED = register_action(
    "connection.secrets_rotated", "Rotated the keys of stored credentials"
)
CONNECTION_REFUSED = register_action("connection.refused", "System refused the credentials")
STREAM_ADDED = register_action("stream.added", "Added a source of records")
STREAM_RESET = register_action("stream.reset", "Asked for a full read")
RECORDS_MISSED = register_action("intake.deleted", "Marked records as deleted in their source")
COMPARE_ASKED = register_action("stream.compare", "Asked for a full comparison")
DELETIONS_CONFIRMED = register_action("stream.deletions", "Decided on doubtful deletions")
BLUEPRINT_SHIPPED = register_action("blueprint.shipped", "Shipped a blueprint")
BLUEPRINT_RENEWED = register_action("blueprint.renewed", "Took a newer version of a blueprint")
BLUEPRINT_KEPT = register_action("blueprint.kept", "Kept its own copy of a blueprint")
WORKFLOW_INSTALLED = register_action("workflow.installed", "Installed a workflow")
WORKFLOW_CHANGED = register_action("workflow.changed", "Changed a workflow")
WORKFLOW_PAUSED = register_action("workflow.paused", "Paused a workflow")
WORKFLOW_RESUMED = register_action("workflow.resumed", "Resumed a workflow")
WORKFLOW_STARTED = register_action("workflow.started", "Started a workflow by hand")
WORKFLOW_DRY_RUN = register_action("workflow.dry_run", "Tried a workflow without writing")
BACKFILL_STARTED = register_action("workflow.backfill", "Started a backfill")
BACKFILL_CANCELLED = register_action("workflow.backfill_cancelled", "Cancelled a backfill")
WORKFLOW_REPLAYED = register_action("workflow.replayed", "Sent a workflow's records through again")
BACKUP_RESTORED = register_action("installation.restored", "Noted that a backup was restored")
ASKING_ENDED = register_action("connection.asking_ended", "Ended asking first")
ENDPOINT_ADDED = register_action("endpoint.added", "Added an address for outgoing webhooks")
ENDPOINT_CHANGED = register_action("endpoint.changed", "Changed an address for outgoing webhooks")
ENDPOINT_SECRET_MADE = register_action("endpoint.secret", "Made a new secret for outgoing webhooks")
ENDPOINT_STOPPED = register_action("endpoint.stopped", "Stopped outgoing webhooks that failed")
ENDPOINT_REMOVED = register_action("endpoint.removed", "Removed an address for outgoing webhooks")
MESSAGES_SENT_AGAIN = register_action("endpoint.sent_again", "Sent outgoing webhooks again")
FILE_TAKEN = register_action("intake.file", "Took in a file")
RECORDS_SENT_IN = register_action("intake.sent", "Took in records that a program sent")
RUN_CANCELLED = register_action("run.cancelled", "Cancelled a run")
RECORDS_TAKEN_IN = register_action("intake.committed", "Took in records")
DELIVERY_WRITTEN = register_action("delivery.written", "Wrote to a client's system")
DELIVERY_FAILED = register_action("delivery.failed", "Could not write to a client's system")
DELIVERY_HELD = register_action("delivery.held", "Held a delivery")
DELIVERY_RETRIED = register_action("delivery.retried", "Retried a delivery")
DELIVERY_RELEASED = register_action("delivery.released", "Released a held delivery")
DELIVERY_CANCELLED = register_action("delivery.cancelled", "Cancelled a delivery")
DELIVERY_SKIPPED = register_action("delivery.skipped", "Skipped a delivery")
MADE_AGAIN = register_action("delivery.made_again", "Had a record made again in a client's system")
RECORD_CORRECTED = register_action("record.corrected", "Corrected a record by hand")
DELIVERY_REPLAYED = register_action("delivery.replayed", "Replayed a delivery")
ISSUE_ASSIGNED = register_action("exception.assigned", "Assigned an exception")
ISSUE_ESCALATED = register_action("exception.escalated", "Escalated an exception")
ISSUE_COMMENTED = register_action("exception.commented", "Commented on an exception")
ISSUE_RESOLVED = register_action("exception.resolved", "Resolved an exception")
register_objects(
    {
        "blueprint": "Blueprint",
        "connection": "Connection",
        "delivery": "Delivery",
        "endpoint": "Endpoint of webhooks",
        "exception": "Exception",
        "installation": "Installation",
        "run": "Run",
        "retention": "Retention",
        "secret_key": "Key of credentials",
        "stream": "Source of records",
    }
)
