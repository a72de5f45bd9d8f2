"""An index of the numbers that are printed on invoices, for the search. It holds nothing else."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.fields.json
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_frugal_links'),
        ('syncjobs', '0014_ask_first'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='canonicalrecord',
            index=django.contrib.postgres.indexes.GinIndex(models.Func(models.Func(django.db.models.fields.json.KeyTextTransform('external_number', 'data'), models.Value('-_/.@:#+&'), models.Value('         '), function='translate'), function='to_tsvector', output_field=django.contrib.postgres.search.SearchVectorField(), template="%(function)s('simple'::regconfig, %(expressions)s)"), condition=models.Q(('type', 'invoice')), name='record_printed'),
        ),
    ]
