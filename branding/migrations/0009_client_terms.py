"""What was agreed with one client, what is credited, what it costs: and what a line tells."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('branding', '0008_escalation'),
    ]

    operations = [
        migrations.AddField(
            model_name='statementline',
            name='details',
            field=models.JSONField(db_default={}, default=dict, help_text='A Told as JSON.'),
        ),
        migrations.AddField(
            model_name='subscription',
            name='agreed',
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='subscription',
            name='fees',
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='tierversion',
            name='costs',
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name='tierversion',
            name='sla_credit',
            field=models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=5),
        ),
        migrations.AddField(
            model_name='tierversion',
            name='sla_credit_cap',
            field=models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=5),
        ),
        migrations.AlterField(
            model_name='statementline',
            name='kind',
            field=models.CharField(choices=[('base', 'Base fee'), ('included', 'Included volume'), ('overage', 'Beyond the included volume'), ('discount', 'Agreed discount'), ('credit', 'Credit'), ('fee', 'One-off fee')], max_length=8),
        ),
        migrations.AlterField(
            model_name='statementline',
            name='tier_name',
            field=models.CharField(blank=True, max_length=60),
        ),
    ]
