"""Seals over the audit trail, anchors, and keys of persons; the time and id of an entry become
the database's own.

As in 0002, no body names a schema: partner schemas are made by replaying a template's dump.
"""

import django.db.models.functions.datetime
import governance.models.fields
from django.db import migrations, models


WRITTEN_ONCE = ("governance_auditseal", "governance_auditanchor")

TRIGGER = """
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change()
"""

# Called only for a row that is not as the defaults would make it, so it costs an honest
# INSERT next to nothing. The owner, at maintenance, may bring back what was.
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

    dependencies = [
        ('governance', '0003_independence'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditAnchor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('seal_number', models.BigIntegerField()),
                ('seal_hash', models.CharField(max_length=64)),
                ('place', models.CharField(max_length=300)),
            ],
            options={
                'verbose_name': 'anchor',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='AuditSeal',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('top_id', models.BigIntegerField()),
                ('statement', models.TextField()),
                ('signature', models.CharField(max_length=128)),
                ('leaves', models.BinaryField()),
            ],
            options={
                'verbose_name': 'seal',
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='SubjectKey',
            fields=[
                ('subject', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('wrapped', models.CharField(blank=True, max_length=120)),
                ('destroyed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='auditentry',
            name='xid',
            field=models.BigIntegerField(db_default=governance.models.fields.current_transaction(), editable=False),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='actor_label',
            field=governance.models.fields.PersonalTextField(),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='address',
            field=governance.models.fields.PersonalTextField(blank=True),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='after',
            field=governance.models.fields.PersonalJSONField(null=True),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='before',
            field=governance.models.fields.PersonalJSONField(null=True),
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='object_label',
            field=governance.models.fields.PersonalTextField(blank=True),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['xid'], name='audit_xid'),
        ),
        *[
            migrations.RunSQL(TRIGGER.format(table=table), f"DROP TRIGGER written_once ON {table}")
            for table in WRITTEN_ONCE
        ],
        migrations.RunSQL(REFUSE_FORGED, "DROP FUNCTION governance_refuse_forged()"),
        migrations.RunSQL(OWN_TIME, "DROP TRIGGER own_time ON governance_auditentry"),
    ]
