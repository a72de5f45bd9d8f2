"""The steps 1 to 13 in one, for a schema that is new: a tenth of the time that they take one by one.

A schema that has begun with those goes on with them; this one then counts as done.

Rows that are written by the thousand are not checked one by one (docs/decisions/0015): what alone
could make the ids in them wrong later is refused, that such a row goes. No schema is named here:
partner schemas are made by replaying one template's dump.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.comparison
import syncjobs.models.words
import uuid
from django.conf import settings
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

    replaces = [('syncjobs', '0001_initial'), ('syncjobs', '0002_search'), ('syncjobs', '0003_schema_version'), ('syncjobs', '0004_webhooks'), ('syncjobs', '0005_comparing'), ('syncjobs', '0006_flows'), ('syncjobs', '0007_keys_and_room'), ('syncjobs', '0008_delivery_on_hold'), ('syncjobs', '0009_connection_scope'), ('syncjobs', '0010_retention'), ('syncjobs', '0011_several_of_one'), ('syncjobs', '0012_fewer_checks_a_row'), ('syncjobs', '0013_ways_to_records')]

    initial = True

    dependencies = [
        ('accounts', '0009_frugal_links'),
    ]

    operations = [
        migrations.CreateModel(
            name='Blueprint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(db_index=False, max_length=60)),
                ('name', models.CharField(max_length=120)),
                ('summary', models.TextField(blank=True)),
                ('definition', models.JSONField()),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('slug',), name='blueprint_slug')],
            },
        ),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('name', models.CharField(max_length=120)),
                ('connector', models.CharField(max_length=60)),
                ('config', models.JSONField(default=dict)),
                ('secret', models.TextField(blank=True)),
                ('secret_expires_at', models.DateTimeField(blank=True, null=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), blank=True, default=list, size=None)),
                ('state', models.CharField(choices=[('untested', 'Not tested yet'), ('ready', 'Ready'), ('failing', 'Failing'), ('refused', 'Credentials refused'), ('disabled', 'Switched off')], default='untested', editable=False, max_length=10)),
                ('checked_at', models.DateTimeField(editable=False, null=True)),
                ('checks', models.JSONField(default=list, editable=False)),
                ('last_ok_at', models.DateTimeField(editable=False, null=True)),
                ('last_error', models.TextField(blank=True, editable=False)),
                ('breaker', models.CharField(choices=[('closed', 'Closed'), ('open', 'Open'), ('half_open', 'Probing')], default='closed', editable=False, max_length=10)),
                ('breaker_failures', models.PositiveIntegerField(default=0, editable=False)),
                ('breaker_until', models.DateTimeField(editable=False, null=True)),
                ('rate_per_second', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ('rate_tokens', models.DecimalField(decimal_places=4, default=0, editable=False, max_digits=12)),
                ('rate_at', models.DateTimeField(editable=False, null=True)),
                ('in_flight', models.PositiveSmallIntegerField(default=4)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='connections', to='accounts.client')),
                ('hook_at', models.DateTimeField(editable=False, null=True)),
                ('hook_key', models.CharField(editable=False, max_length=43, null=True)),
                ('hook_secrets', models.TextField(blank=True, db_default='', default='', editable=False)),
                ('direction', models.CharField(choices=[('both', 'Reading and writing'), ('read', 'Reading only'), ('write', 'Writing only')], db_default='both', default='both', max_length=5)),
            ],
            options={
                'ordering': ['client_id', 'name'],
                'constraints': [models.UniqueConstraint(fields=('client', 'name'), name='connection_client_name'), models.UniqueConstraint(condition=models.Q(('hook_key__isnull', False)), fields=('hook_key',), name='connection_hook_key')],
            },
        ),
        migrations.CreateModel(
            name='CanonicalRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=200)),
                ('label', models.CharField(blank=True, max_length=200)),
                ('engagement', models.CharField(blank=True, max_length=120)),
                ('data', models.JSONField(default=dict)),
                ('hash', models.CharField(blank=True, max_length=64)),
                ('version', models.PositiveIntegerField(default=0)),
                ('source_at', models.DateTimeField(null=True)),
                ('deleted', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(auto_now_add=True)),
                ('client', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='records', to='accounts.client')),
                ('source_connection', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.connection')),
                ('schema_version', models.PositiveSmallIntegerField(db_default=1, default=1)),
                ('made', models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict)),
            ],
            options={
                'ordering': ['type', 'key'],
                'indexes': [models.Index(condition=models.Q(('engagement', ''), _negated=True), fields=['client', 'engagement'], name='record_engagement'), django.contrib.postgres.indexes.GinIndex(models.Func(models.Func(syncjobs.models.words._Joined(django.db.models.functions.comparison.Cast(models.F('label'), models.TextField()), django.db.models.functions.comparison.Cast(models.F('key'), models.TextField()), django.db.models.functions.comparison.Cast(models.F('engagement'), models.TextField())), models.Value('-_/.@:#+&'), models.Value('         '), function='translate'), function='to_tsvector', output_field=django.contrib.postgres.search.SearchVectorField(), template="%(function)s('simple'::regconfig, %(expressions)s)"), name='record_words'), models.Index(fields=['type', 'client', '-changed_at'], name='record_recent')],
                'constraints': [models.UniqueConstraint(fields=('client', 'key', 'type'), name='record_key')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(max_length=60)),
                ('record_version', models.PositiveIntegerField()),
                ('correlation', models.CharField(blank=True, max_length=64)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('client', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='accounts.client')),
                ('record', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='syncjobs.canonicalrecord')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['record', 'id'], name='event_record')],
            },
        ),
        migrations.CreateModel(
            name='Retention',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.JSONField(default=dict)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name='SecretKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('wrapped', models.TextField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('version',), name='secretkey_version')],
            },
        ),
        migrations.CreateModel(
            name='ExternalRef',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object', models.CharField(max_length=80)),
                ('external_id', models.CharField(max_length=200)),
                ('version', models.CharField(blank=True, max_length=120)),
                ('seen_hash', models.CharField(blank=True, max_length=64)),
                ('seen_version', models.CharField(blank=True, max_length=120)),
                ('seen_at', models.DateTimeField(null=True)),
                ('written', models.JSONField(default=dict)),
                ('written_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('connection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='refs', to='syncjobs.connection')),
                ('record', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='refs', to='syncjobs.canonicalrecord')),
                ('compare_no', models.PositiveIntegerField(db_default=0, default=0)),
                ('part', models.CharField(blank=True, db_default='', default='', max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('record', 'connection', 'object'), name='externalref_record'), models.UniqueConstraint(fields=('connection', 'object', 'external_id', 'part'), name='externalref_external')],
            },
        ),
        migrations.CreateModel(
            name='Stream',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object', models.CharField(max_length=80)),
                ('canonical', models.CharField(max_length=40)),
                ('mapping', models.SlugField(db_index=False, max_length=80)),
                ('position', models.PositiveSmallIntegerField(default=100)),
                ('cursor', models.JSONField(editable=False, null=True)),
                ('page_size', models.PositiveSmallIntegerField(default=200)),
                ('every_seconds', models.PositiveIntegerField(default=300)),
                ('enabled', models.BooleanField(default=True)),
                ('next_poll_at', models.DateTimeField(editable=False, null=True)),
                ('polled_at', models.DateTimeField(editable=False, null=True)),
                ('failures', models.PositiveIntegerField(default=0, editable=False)),
                ('last_error', models.TextField(blank=True, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
                ('lease_no', models.BigIntegerField(default=0, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('connection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='streams', to='syncjobs.connection')),
                ('compare', models.JSONField(editable=False, null=True)),
                ('next_compare_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'ordering': ['connection_id', 'position', 'object'],
                'indexes': [models.Index(condition=models.Q(('enabled', True)), fields=['next_poll_at'], name='stream_due')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'object'), name='stream_object')],
            },
        ),
        migrations.CreateModel(
            name='Workflow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('bindings', models.JSONField(default=dict)),
                ('overrides', models.JSONField(default=dict)),
                ('mode', models.CharField(choices=[('real_time', 'Real time'), ('scheduled', 'Scheduled'), ('batch', 'Batch')], default='real_time', max_length=10)),
                ('priority', models.PositiveSmallIntegerField(choices=[(10, 'Billing first'), (20, 'Normal'), (30, 'In the background')], default=20)),
                ('schedule', models.CharField(blank=True, max_length=60)),
                ('sla_seconds', models.PositiveIntegerField(blank=True, null=True)),
                ('state', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused'), ('archived', 'Archived')], default='active', editable=False, max_length=10)),
                ('next_run_at', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('blueprint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='workflows', to='syncjobs.blueprint')),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='workflows', to='accounts.client')),
                ('backfill', models.JSONField(editable=False, null=True)),
                ('next_backfill_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'ordering': ['client_id', 'name'],
                'constraints': [models.UniqueConstraint(fields=('client', 'name'), name='workflow_client_name')],
            },
        ),
        migrations.CreateModel(
            name='WorkflowVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('definition', models.JSONField()),
                ('hash', models.CharField(max_length=64)),
                ('created_by', models.CharField(blank=True, max_length=200)),
                ('change_request', models.BigIntegerField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('workflow', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='syncjobs.workflow')),
            ],
            options={
                'ordering': ['workflow_id', '-number'],
                'constraints': [models.UniqueConstraint(fields=('workflow', 'number'), name='workflowversion_number')],
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('intake', 'Reading'), ('workflow', 'Workflow'), ('dry_run', 'Dry run'), ('replay', 'Replay'), ('backfill', 'Backfill')], max_length=10)),
                ('trigger', models.CharField(choices=[('schedule', 'Schedule'), ('change', 'Change in a source'), ('person', 'By hand'), ('api', 'API'), ('release', 'Release'), ('webhook', 'Webhook'), ('file', 'File')], max_length=10)),
                ('state', models.CharField(choices=[('running', 'Running'), ('partial', 'Needs attention'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='running', editable=False, max_length=10)),
                ('message', models.TextField(blank=True)),
                ('error_class', models.CharField(blank=True, max_length=20)),
                ('read', models.PositiveIntegerField(default=0)),
                ('changed', models.PositiveIntegerField(default=0)),
                ('same', models.PositiveIntegerField(default=0)),
                ('refused', models.PositiveIntegerField(default=0)),
                ('planned', models.PositiveIntegerField(default=0)),
                ('delivered', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('blocked', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('dropped', models.PositiveIntegerField(default=0, help_text='Cancelled or skipped.')),
                ('detail', models.JSONField(default=dict)),
                ('cursor_before', models.JSONField(null=True)),
                ('cursor_after', models.JSONField(null=True)),
                ('actor', models.CharField(blank=True, max_length=200)),
                ('correlation', models.CharField(blank=True, max_length=64)),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='accounts.client')),
                ('stream', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='syncjobs.stream')),
                ('workflow', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='syncjobs.workflow')),
                ('workflow_version', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.workflowversion')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['client', '-id'], name='run_client'), models.Index(condition=models.Q(('workflow__isnull', False)), fields=['workflow', '-id'], name='run_workflow'), models.Index(condition=models.Q(('stream__isnull', False)), fields=['stream', '-id'], name='run_stream')],
            },
        ),
        migrations.CreateModel(
            name='RecordVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('data', models.JSONField()),
                ('hash', models.CharField(max_length=64)),
                ('changed', models.JSONField(default=list)),
                ('source', models.JSONField(null=True)),
                ('mapping_version', models.BigIntegerField(null=True)),
                ('correlation', models.CharField(blank=True, max_length=64)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('connection', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.connection')),
                ('record', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='syncjobs.canonicalrecord')),
                ('run', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='syncjobs.run')),
            ],
            options={
                'ordering': ['record_id', '-number'],
                'constraints': [models.UniqueConstraint(fields=('record', 'number'), name='recordversion_number')],
            },
        ),
        migrations.CreateModel(
            name='Issue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fingerprint', models.CharField(max_length=64)),
                ('class_name', models.CharField(choices=[('technical', 'Technical'), ('business', 'Business')], max_length=10, verbose_name='class')),
                ('kind', models.CharField(max_length=40)),
                ('severity', models.PositiveSmallIntegerField(choices=[(1, 'High'), (2, 'Medium'), (3, 'Low')], default=2)),
                ('title', models.CharField(max_length=240)),
                ('detail', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('open', 'Open'), ('assigned', 'Assigned'), ('resolved', 'Resolved')], default='open', editable=False, max_length=10)),
                ('count', models.PositiveIntegerField(default=1)),
                ('reopened', models.PositiveIntegerField(default=0)),
                ('first_at', models.DateTimeField(auto_now_add=True)),
                ('last_at', models.DateTimeField(auto_now_add=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('resolved_at', models.DateTimeField(null=True)),
                ('resolved_by', models.CharField(blank=True, max_length=200)),
                ('resolution', models.TextField(blank=True)),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='issues', to='accounts.client')),
                ('connection', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='issues', to='syncjobs.connection')),
                ('owner', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workflow', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='issues', to='syncjobs.workflow')),
            ],
            options={
                'verbose_name': 'exception',
                'ordering': ['severity', '-last_at'],
                'indexes': [models.Index(fields=['client', 'state', '-last_at'], name='issue_queue'), models.Index(fields=['fingerprint', '-id'], name='issue_cause')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['assigned', 'open'])), fields=('fingerprint',), name='issue_one_open')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(max_length=60)),
                ('record_version', models.PositiveIntegerField()),
                ('object', models.CharField(max_length=80)),
                ('mapping', models.CharField(max_length=80)),
                ('mapping_version', models.BigIntegerField(null=True)),
                ('variables', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('running', 'Running'), ('delivered', 'Delivered'), ('unchanged', 'Unchanged'), ('held', 'On hold'), ('waiting', 'Waiting'), ('retrying', 'Retrying'), ('unknown', 'Outcome unknown'), ('failed', 'Failed'), ('parked', 'Parked'), ('cancelled', 'Cancelled'), ('skipped', 'Skipped')], default='pending', editable=False, max_length=10)),
                ('outcome', models.CharField(blank=True, max_length=200)),
                ('priority', models.PositiveSmallIntegerField(default=20)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('unfinished_starts', models.PositiveSmallIntegerField(default=0)),
                ('verify', models.BooleanField(default=False)),
                ('not_before', models.DateTimeField()),
                ('lease_until', models.DateTimeField(null=True)),
                ('lease_no', models.BigIntegerField(default=0)),
                ('after', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, size=None)),
                ('watch', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                ('released_gates', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list, size=None)),
                ('idempotency_key', models.CharField(max_length=80)),
                ('content_hash', models.CharField(blank=True, max_length=64)),
                ('error_class', models.CharField(blank=True, max_length=20)),
                ('error_text', models.TextField(blank=True)),
                ('correlation', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('client', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.client')),
                ('connection', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='syncjobs.connection')),
                ('origin', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.canonicalrecord')),
                ('record', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='syncjobs.canonicalrecord')),
                ('event', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='syncjobs.event')),
                ('issue', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='syncjobs.issue')),
                ('run', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='syncjobs.run')),
                ('workflow', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='syncjobs.workflow')),
                ('workflow_version', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.workflowversion')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['pending', 'retrying', 'unknown'])), fields=['priority', 'not_before', 'id'], name='delivery_due'), django.contrib.postgres.indexes.GinIndex(condition=models.Q(('state__in', ['held', 'waiting'])), fields=['watch'], name='delivery_watch'), models.Index(fields=['run', 'state'], name='delivery_run'), models.Index(fields=['record', '-id'], name='delivery_record'), models.Index(condition=models.Q(('state__in', ['failed', 'held', 'parked', 'pending', 'retrying', 'running', 'unknown', 'waiting'])), fields=['state', 'client'], name='delivery_open'), models.Index(condition=models.Q(('issue__isnull', False)), fields=['issue'], name='delivery_issue'), models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['client', '-finished_at'], name='delivery_finished')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['failed', 'held', 'parked', 'pending', 'retrying', 'running', 'unknown', 'waiting'])), fields=('record', 'workflow', 'step', 'connection'), name='delivery_one_open'), models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('record', 'connection'), name='delivery_one_running')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('outcome', models.CharField(max_length=10)),
                ('error_class', models.CharField(blank=True, max_length=20)),
                ('error_text', models.TextField(blank=True)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('looked_up', models.BooleanField(default=False)),
                ('wrote', models.BooleanField(default=False)),
                ('record_version', models.PositiveIntegerField()),
                ('mapping_version', models.BigIntegerField(null=True)),
                ('content_hash', models.CharField(blank=True, max_length=64)),
                ('request', models.JSONField(null=True)),
                ('answer', models.JSONField(null=True)),
                ('worker', models.CharField(blank=True, max_length=80)),
                ('started_at', models.DateTimeField()),
                ('duration_ms', models.PositiveIntegerField(default=0)),
                ('delivery', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='syncjobs.delivery')),
            ],
            options={
                'ordering': ['delivery_id', '-number'],
                'constraints': [models.UniqueConstraint(fields=('delivery', 'number'), name='attempt_number')],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('gate', models.CharField(max_length=60)),
                ('kind', models.CharField(max_length=40)),
                ('missing', models.CharField(max_length=300)),
                ('message', models.TextField()),
                ('alert', models.CharField(blank=True, max_length=40)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('released_at', models.DateTimeField(null=True)),
                ('released_by', models.CharField(blank=True, max_length=200)),
                ('reason', models.TextField(blank=True)),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.client')),
                ('delivery', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='holds', to='syncjobs.delivery')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('released_at__isnull', True)), fields=['client', 'id'], name='hold_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('released_at__isnull', True)), fields=('delivery', 'gate'), name='hold_one_open')],
            },
        ),
        migrations.CreateModel(
            name='InboundEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('dedupe_key', models.CharField(max_length=200)),
                ('external_id', models.CharField(blank=True, max_length=200)),
                ('source_version', models.CharField(blank=True, max_length=120)),
                ('source_at', models.DateTimeField(null=True)),
                ('payload', models.JSONField()),
                ('state', models.CharField(choices=[('received', 'Received'), ('processed', 'Processed'), ('set_aside', 'Set aside'), ('discarded', 'Discarded')], default='received', max_length=10)),
                ('problems', models.JSONField(default=list)),
                ('mapping_version', models.BigIntegerField(null=True)),
                ('received_at', models.DateTimeField(auto_now_add=True)),
                ('processed_at', models.DateTimeField(null=True)),
                ('connection', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='inbound', to='syncjobs.connection')),
                ('issue', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='inbound', to='syncjobs.issue')),
                ('stream', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='inbound', to='syncjobs.stream')),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('deleted', models.BooleanField(db_default=False, default=False)),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['received', 'set_aside'])), fields=['stream', 'id'], name='inbound_open')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'dedupe_key'), name='inbound_dedupe')],
            },
        ),
        migrations.CreateModel(
            name='IssueEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('occurrence', 'Happened'), ('comment', 'Comment'), ('decision', 'Decision')], max_length=10)),
                ('text', models.TextField(blank=True)),
                ('actor', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('delivery', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='syncjobs.delivery')),
                ('inbound', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='syncjobs.inboundevent')),
                ('issue', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='syncjobs.issue')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['issue', 'kind', '-id'], name='issueentry_issue')],
            },
        ),
        migrations.AddField(
            model_name='Stream',
            name='last_run',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='syncjobs.run'),
        ),
        migrations.AddField(
            model_name='Workflow',
            name='version',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='syncjobs.workflowversion'),
        ),
        migrations.RunSQL(
            "ALTER TABLE syncjobs_delivery SET (fillfactor = 50)",
            "ALTER TABLE syncjobs_delivery RESET (fillfactor)",
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
