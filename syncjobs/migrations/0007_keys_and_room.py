"""Find records by their key whatever the statistics say, and leave room in pages of deliveries.

A delivery is written four times until it is delivered. Where its next version fits on the same
page and no indexed column changed, the table's indexes are left alone.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("syncjobs", "0006_flows")]

    operations = [
        migrations.RemoveConstraint(model_name="canonicalrecord", name="record_key"),
        migrations.AddConstraint(
            model_name="canonicalrecord",
            constraint=models.UniqueConstraint(fields=("client", "key", "type"), name="record_key"),
        ),
        migrations.RunSQL(
            "ALTER TABLE syncjobs_delivery SET (fillfactor = 50)",
            "ALTER TABLE syncjobs_delivery RESET (fillfactor)",
        ),
    ]
