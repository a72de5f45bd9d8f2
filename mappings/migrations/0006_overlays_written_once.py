"""What a client changes, and over which version of the partner's, stays as it was written."""

from django.db import migrations

# No schema is named: the functions are made, and replayed, in whichever schema is current.
_FUNCTION = """
CREATE OR REPLACE FUNCTION mapping_version_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.mapping_id, NEW.number, NEW.document, NEW.hash, NEW.note, NEW.author_label,
        NEW.created_at{more_new}) IS DISTINCT FROM
       (OLD.id, OLD.mapping_id, OLD.number, OLD.document, OLD.hash, OLD.note, OLD.author_label,
        OLD.created_at{more_old})
       OR (NEW.author_id IS NOT NULL AND NEW.author_id IS DISTINCT FROM OLD.author_id) THEN
        RAISE EXCEPTION 'A mapping version is written once; make a new one.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""
FORWARD = _FUNCTION.format(
    more_new=", NEW.overlay, NEW.base_id", more_old=", OLD.overlay, OLD.base_id"
)
BACKWARD = _FUNCTION.format(more_new="", more_old="")


class Migration(migrations.Migration):
    """The trigger of 0003 covers the columns of overlays too."""

    dependencies = [("mappings", "0005_overlays")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
