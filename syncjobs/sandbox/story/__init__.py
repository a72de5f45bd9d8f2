"""The story: a believable month of four firms, fed into their systems, with control totals."""

from syncjobs.sandbox.story.expected import Expected, expect
from syncjobs.sandbox.story.feed import feed
from syncjobs.sandbox.story.firm import Firm
from syncjobs.sandbox.story.firms import FIRMS
from syncjobs.sandbox.story.month import Month, build, story_month

__all__ = ["FIRMS", "Expected", "Firm", "Month", "build", "expect", "feed", "story_month"]
