"""Whom an exception went to when its time ran out, and what a source's fields have been like."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0015_printed_numbers'),
    ]

    operations = [
        migrations.AddField(
            model_name='issue',
            name='escalated_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='issue',
            name='escalated_to',
            field=models.CharField(blank=True, db_default='', default='', max_length=40),
        ),
        migrations.AddField(
            model_name='stream',
            name='shape',
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, editable=False),
        ),
        migrations.AddField(
            model_name='issue',
            name='level',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]
