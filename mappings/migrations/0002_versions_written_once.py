"""A mapping version's content never changes, whoever asks: the database refuses."""

from django.db import migrations

# No schema is named: the functions are made, and replayed, in whichever schema is current.
FORWARD = """
CREATE FUNCTION mapping_version_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.mapping_id, NEW.number, NEW.document, NEW.hash)
        IS DISTINCT FROM (OLD.mapping_id, OLD.number, OLD.document, OLD.hash) THEN
        RAISE EXCEPTION 'A mapping version is written once; make a new one.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER written_once BEFORE UPDATE ON mappings_mappingversion
    FOR EACH ROW EXECUTE FUNCTION mapping_version_written_once();
CREATE FUNCTION value_map_version_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A value map version is written once; make a new one.'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER written_once BEFORE UPDATE ON mappings_valuemapversion
    FOR EACH ROW EXECUTE FUNCTION value_map_version_written_once();
"""
BACKWARD = """
DROP TRIGGER written_once ON mappings_mappingversion;
DROP TRIGGER written_once ON mappings_valuemapversion;
DROP FUNCTION mapping_version_written_once();
DROP FUNCTION value_map_version_written_once();
"""


class Migration(migrations.Migration):
    """Triggers on both tables of versions."""

    dependencies = [("mappings", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
