"""Drop indexes that no query needs: of links that another index begins with, or in small tables."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Nothing looks for persons by the beginning of their key.
DROP_LIKE = """
DO $body$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT indexname AS name FROM pg_indexes
        WHERE schemaname = current_schema() AND indexname LIKE 'governance\\_subjectkey\\_%\\_like'
    LOOP
        EXECUTE format('DROP INDEX %I', found.name);
    END LOOP;
END
$body$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0008_frugal_indexes'),
        ('governance', '0004_seals'),
    ]

    operations = [
        migrations.AlterField(
            model_name='externalidentity',
            name='user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='identities', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='rolegrant',
            name='user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='role_grants', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='supportvisit',
            name='grant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='accounts.supportgrant'),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='client',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='accounts.client'),
        ),
        migrations.RunSQL(DROP_LIKE, migrations.RunSQL.noop),
    ]
