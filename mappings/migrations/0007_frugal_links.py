"""Drop indexes of links in tables so small that they are read whole."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_frugal_links'),
        ('mappings', '0006_overlays_written_once'),
    ]

    operations = [
        migrations.AlterField(
            model_name='mapping',
            name='client',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='mappings', to='accounts.client'),
        ),
        migrations.AlterField(
            model_name='ownershiprule',
            name='client',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.client'),
        ),
        migrations.AlterField(
            model_name='valuemap',
            name='client',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.client'),
        ),
    ]
