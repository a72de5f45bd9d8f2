"""What each partner's schema needs once an hour, whether anything syncs there or not.

It goes with the cleaning of that schema (`tenants.services.cleaning`), so that no turn of the
engine waits for it, and a partner whose work rests is tidied as any other.
"""

from governance import correlation
from governance.services.changes import expire_overdue
from syncjobs.engine.retention import sweep
from syncjobs.services.shipping import ship_blueprints


def tidy() -> None:
    """Close what nobody signed in time, delete what was kept long enough, and add blueprints
    that a new release has brought."""
    expire_overdue()
    sweep()
    ship_blueprints(correlation.current().actor)
