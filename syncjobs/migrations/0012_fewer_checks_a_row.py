"""Rows that are written by the thousand are not checked one by one (docs/decisions/0015).

The ids in them come from rows that the same transaction has read or made; here is refused what
alone could make them wrong later: that such a row goes.

No schema is named here: partner schemas are made by replaying one template's dump.
"""

import django.db.models.deletion
from django.db import migrations, models

KEPT = (
    "syncjobs_connection",
    "syncjobs_workflowversion",
    "syncjobs_canonicalrecord",
    "syncjobs_event",
    "syncjobs_delivery",
)
REFUSE = """
CREATE FUNCTION syncjobs_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF current_setting('governance.maintenance', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'DELETE of % is refused: other rows name its rows', TG_TABLE_NAME
        USING ERRCODE = 'foreign_key_violation';
END
$body$
"""
# A reading that found nothing goes; a run that deliveries name stays.
REFUSE_RUN = """
CREATE FUNCTION syncjobs_refuse_run() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    named boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM %I.syncjobs_delivery WHERE run_id = $1)', TG_TABLE_SCHEMA
    ) INTO named USING OLD.id;
    IF named THEN
        RAISE EXCEPTION 'DELETE of run % is refused: deliveries name it', OLD.id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN OLD;
END
$body$
"""
TRIGGER = """
CREATE TRIGGER kept BEFORE DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {function}()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_frugal_links'),
        ('syncjobs', '0011_several_of_one'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='delivery',
            name='delivery_idempotency',
        ),
        migrations.RemoveIndex(
            model_name='delivery',
            name='delivery_finished',
        ),
        migrations.AlterField(
            model_name='attempt',
            name='delivery',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='syncjobs.delivery'),
        ),
        migrations.AlterField(
            model_name='canonicalrecord',
            name='client',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='records', to='accounts.client'),
        ),
        migrations.AlterField(
            model_name='canonicalrecord',
            name='source_connection',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.connection'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='client',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.client'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='connection',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='syncjobs.connection'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='event',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='syncjobs.event'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='origin',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.canonicalrecord'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='record',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='syncjobs.canonicalrecord'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='run',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='syncjobs.run'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='workflow',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='syncjobs.workflow'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='workflow_version',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.workflowversion'),
        ),
        migrations.AlterField(
            model_name='event',
            name='client',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='accounts.client'),
        ),
        migrations.AlterField(
            model_name='event',
            name='record',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='syncjobs.canonicalrecord'),
        ),
        migrations.AlterField(
            model_name='externalref',
            name='connection',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='refs', to='syncjobs.connection'),
        ),
        migrations.AlterField(
            model_name='externalref',
            name='record',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='refs', to='syncjobs.canonicalrecord'),
        ),
        migrations.AlterField(
            model_name='recordversion',
            name='connection',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.connection'),
        ),
        migrations.AlterField(
            model_name='recordversion',
            name='record',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='syncjobs.canonicalrecord'),
        ),
        migrations.AlterField(
            model_name='recordversion',
            name='run',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='syncjobs.run'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['client', '-finished_at'], name='delivery_finished'),
        ),
        migrations.RunSQL(REFUSE, "DROP FUNCTION syncjobs_refuse_delete()"),
        migrations.RunSQL(REFUSE_RUN, "DROP FUNCTION syncjobs_refuse_run()"),
        *(
            migrations.RunSQL(
                TRIGGER.format(table=table, function=function), f"DROP TRIGGER kept ON {table}"
            )
            for table, function in (
                *((table, "syncjobs_refuse_delete") for table in KEPT),
                ("syncjobs_run", "syncjobs_refuse_run"),
            )
        ),
    ]
