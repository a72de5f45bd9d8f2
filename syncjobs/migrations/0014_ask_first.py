"""Until when a system is asked first, after a backup was restored."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('syncjobs', '0001_squashed_0013_ways_to_records'),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='ask_first_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
