from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0005_change_control"),
    ]

    operations = [
        migrations.AddField("change", "impact", models.JSONField(null=True)),
        migrations.AddField(
            "change",
            "impact_digest",
            models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField("change", "impact_due_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "change", "impact_progress", models.JSONField(db_default={}, default=dict)
        ),
        migrations.AddField(
            "policy", "impact_required", models.BooleanField(db_default=False, default=False)
        ),
    ]
