"""A partner that is there already goes on publishing its brand at once: a rule of its own says so."""

from django.db import migrations

# Nothing for schemas without rules: they get all of them when they are set up.
ADD = """
WITH made AS (
    INSERT INTO governance_policy (kind, touches_money, approvals, approver_roles,
        client_signature, independence_days, impact_required, auto_apply, in_window,
        expires_after_hours, review_within_hours, solo, updated_at)
    SELECT kind, NULL, 0, '[]', false, 14, false, true, false, 720, 24, true, now()
    FROM unnest(ARRAY['brand', 'client_brand']) kind
    WHERE EXISTS (SELECT 1 FROM governance_policy WHERE kind = '*')
    ON CONFLICT DO NOTHING
    RETURNING id, kind
)
INSERT INTO governance_auditentry (actor_kind, actor_label, door, address, action, object_kind,
    object_id, object_label, after, reason, correlation_id)
SELECT 'system', 'System', 'command', '', 'policy.started', 'policy', 'defaults', '',
    jsonb_object_agg(made.id::text, made.kind || ': no approval'),
    'Publishing the brand came under change control', 'upgrade'
FROM made HAVING count(*) > 0
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0009_entities")]
    operations = [migrations.RunSQL(ADD, migrations.RunSQL.noop)]
