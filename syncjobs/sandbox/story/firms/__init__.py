"""The four firms of the story."""

from syncjobs.sandbox.story.firm import Firm
from syncjobs.sandbox.story.firms import ashdown, brightwater, calder, linden

FIRMS: dict[str, Firm] = {
    module.FIRM.slug: module.FIRM for module in (ashdown, calder, brightwater, linden)
}
