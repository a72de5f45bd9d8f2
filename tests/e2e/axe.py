"""axe-core in a page of Playwright: what a page does wrong for people who cannot see or point."""

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "branding" / "static_src" / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Any) -> list[str]:
    """Return one line per violation on the page as it stands now; none when it is clean.

    The browser's context needs `bypass_csp=True`: the policy refuses any script of a test.
    Raises FileNotFoundError when `npm ci` has not been run in branding/static_src.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SCRIPT.read_text())
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]} — {node['failureSummary'][:240]}"
        for violation in found
        for node in violation["nodes"]
    ]
