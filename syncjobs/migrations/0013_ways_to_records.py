"""Indexes that planners without statistics cannot mistake, and none that nobody asks.

A client's records are found by their key. The index of the newest began with the client as well:
in a table that nobody had analysed yet it cost the same, and was read whole for each key.

No schema is named here: partner schemas are made by replaying one template's dump.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_frugal_links'),
        ('syncjobs', '0012_fewer_checks_a_row'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='canonicalrecord',
            name='record_recent',
        ),
        migrations.RemoveIndex(
            model_name='event',
            name='event_client',
        ),
        migrations.AddIndex(
            model_name='canonicalrecord',
            index=models.Index(fields=['type', 'client', '-changed_at'], name='record_recent'),
        ),
    ]
