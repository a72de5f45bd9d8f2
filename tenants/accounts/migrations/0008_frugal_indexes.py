"""Drop indexes that no query uses: a thousand partners have each of them a thousand times.

PostgreSQL's `_like` indexes serve `LIKE 'x%'`, which nothing here asks of unique texts, and the
tables of e-mail addresses of the sign-in library stay empty.
"""

from django.db import migrations

DROP = """
DO $body$
DECLARE found record;
BEGIN
    FOR found IN
        SELECT i.relname AS name FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_class t ON t.oid = x.indrelid
        JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE n.nspname = current_schema() AND NOT x.indisunique AND (
            (i.relname LIKE '%\\_like' AND t.relname ~ '^(accounts|branding|outbox|account|usersessions)')
            OR t.relname IN ('account_emailaddress', 'account_emailconfirmation')
            OR i.relname ~ '^accounts_(identityprovider_break_glass|supportgrant_granted_by|externalidentity_provider)_'
        )
    LOOP
        EXECUTE format('DROP INDEX %I', found.name);
    END LOOP;
END
$body$
"""


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0007_single_sign_on"),
        ("branding", "0004_mail_sender"),
        ("outbox", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("usersessions", "0001_initial"),
    ]

    operations = [migrations.RunSQL(DROP, migrations.RunSQL.noop)]
