"""What somebody who means harm sends, and what must come of it."""
