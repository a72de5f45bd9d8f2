"""Tiers, subscriptions, usage and statements."""

import django.db.models.deletion
from django.db import migrations, models

# Issued statements are written once, by the same guard as the audit trail's.
WRITTEN_ONCE = ("branding_statement", "branding_statementline")
TRIGGER = """
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change()
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('branding', '0001_initial'),
        ('governance', '0002_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tier',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('description', models.CharField(blank=True, max_length=200)),
                ('currency', models.CharField(max_length=3)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Statement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(unique=True)),
                ('month', models.DateField(help_text='The first day of the month.')),
                ('currency', models.CharField(max_length=3)),
                ('total', models.DecimalField(decimal_places=3, max_digits=24)),
                ('used', models.BigIntegerField()),
                ('included', models.BigIntegerField()),
                ('outside', models.BigIntegerField()),
                ('issued_at', models.DateTimeField(auto_now_add=True)),
                ('issued_by', models.CharField(max_length=200)),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='accounts.client')),
            ],
            options={
                'verbose_name': 'statement',
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='StatementLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(choices=[('base', 'Base fee'), ('included', 'Included volume'), ('overage', 'Beyond the included volume')], max_length=8)),
                ('tier_name', models.CharField(max_length=60)),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField()),
                ('quantity', models.BigIntegerField()),
                ('unit_price', models.DecimalField(decimal_places=6, max_digits=20)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=24)),
                ('first', models.BigIntegerField(null=True)),
                ('last', models.BigIntegerField(null=True)),
                ('statement', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='branding.statement')),
            ],
            options={
                'verbose_name': 'statement line',
                'ordering': ['statement', 'position'],
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='accounts.client')),
                ('tier', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='branding.tier')),
            ],
            options={
                'ordering': ['client', '-starts_on'],
            },
        ),
        migrations.CreateModel(
            name='TierVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_on', models.DateField()),
                ('base_fee', models.DecimalField(decimal_places=3, max_digits=16)),
                ('included', models.BigIntegerField()),
                ('bands', models.JSONField(default=list)),
                ('workflows_included', models.PositiveIntegerField(blank=True, null=True)),
                ('connections_included', models.PositiveIntegerField(blank=True, null=True)),
                ('sla_hours', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('tier', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='branding.tier')),
            ],
            options={
                'ordering': ['tier', '-starts_on'],
            },
        ),
        migrations.CreateModel(
            name='UsageDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('workflow_id', models.BigIntegerField()),
                ('workflow_label', models.CharField(max_length=120)),
                ('meter', models.CharField(choices=[('deliveries', 'Delivered record versions')], max_length=24)),
                ('quantity', models.BigIntegerField()),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='usage_days', to='accounts.client')),
            ],
            options={
                'ordering': ['client', 'day', 'workflow_id'],
            },
        ),
        migrations.AddConstraint(
            model_name='statement',
            constraint=models.UniqueConstraint(fields=('client', 'month'), name='statement_once_a_month'),
        ),
        migrations.AddConstraint(
            model_name='statementline',
            constraint=models.UniqueConstraint(fields=('statement', 'position'), name='statement_line_position'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(fields=('client', 'starts_on'), name='subscription_once'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on', None), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='subscription_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='tierversion',
            constraint=models.UniqueConstraint(fields=('tier', 'starts_on'), name='tier_version_once'),
        ),
        migrations.AddConstraint(
            model_name='tierversion',
            constraint=models.CheckConstraint(condition=models.Q(('starts_on__day', 1)), name='tier_version_first_of_month'),
        ),
        migrations.AddConstraint(
            model_name='usageday',
            constraint=models.UniqueConstraint(fields=('client', 'day', 'workflow_id', 'meter'), name='usage_day_once'),
        ),
        *[
            migrations.RunSQL(
                TRIGGER.format(table=table), f"DROP TRIGGER written_once ON {table}"
            )
            for table in WRITTEN_ONCE
        ],
    ]
