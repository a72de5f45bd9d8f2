"""Refuse UPDATE, DELETE and TRUNCATE on what is written once, to the owner as well.

No schema is named here: partner schemas are made by replaying one template's dump under
another name, and a body that names a schema would still point to the template.
"""

from django.db import migrations

TABLES = ("governance_auditentry", "governance_approval")

FUNCTION = """
CREATE FUNCTION governance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF current_setting('governance.maintenance', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% of % is refused: its rows are written once', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$body$
"""

TRIGGER = """
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change()
"""


class Migration(migrations.Migration):

    dependencies = [("governance", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION governance_refuse_change()"),
        *[
            migrations.RunSQL(
                TRIGGER.format(table=table), f"DROP TRIGGER written_once ON {table}"
            )
            for table in TABLES
        ],
    ]
