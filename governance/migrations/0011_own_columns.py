"""The time, id and transaction of an entry are kept by privilege: the runtime role may not name
these columns (`tenants/postgres/grants.py`), which costs an INSERT nothing. The trigger did.
"""

from django.db import migrations

REFUSE_FORGED = """
CREATE FUNCTION governance_refuse_forged() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF current_setting('governance.maintenance', true) = 'on' AND pg_has_role(
        current_user, (SELECT relowner FROM pg_catalog.pg_class WHERE oid = TG_RELID), 'USAGE'
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'INSERT into % is refused: time, id and transaction are the database''s own',
        TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$body$
"""

OWN_TIME = """
CREATE TRIGGER own_time BEFORE INSERT ON governance_auditentry FOR EACH ROW
WHEN (NEW.at IS DISTINCT FROM statement_timestamp()
      OR NEW.xid IS DISTINCT FROM pg_current_xact_id()::text::bigint
      OR NEW.id IS DISTINCT FROM currval('governance_auditentry_id_seq'::regclass))
EXECUTE FUNCTION governance_refuse_forged()
"""


class Migration(migrations.Migration):

    dependencies = [("governance", "0010_brand_rules")]

    operations = [
        migrations.RunSQL("DROP TRIGGER own_time ON governance_auditentry", OWN_TIME),
        migrations.RunSQL(
            "DROP FUNCTION governance_refuse_forged()", REFUSE_FORGED
        ),
    ]
