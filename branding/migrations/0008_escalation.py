"""Whom exceptions go to when their time runs out, by tier."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('branding', '0007_report_words'),
    ]

    operations = [
        migrations.AddField(
            model_name='tierversion',
            name='escalation',
            field=models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list),
        ),
    ]
