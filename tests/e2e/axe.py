"""axe-core in a page of Playwright: what a page does wrong for people who cannot see or point."""

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "branding" / "static_src" / "node_modules" / "axe-core" / "axe.min.js"


# What a change of size or colours sets in motion comes to rest first.
SETTLE = """async () => {
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    await Promise.allSettled(document.getAnimations().map(motion => motion.finished));
}"""


def violations(page: Any) -> list[str]:
    """Return one line per violation on the page once it is at rest; none when it is clean.

    A visitor's pages have the checker from the start, by an init script of their context, which
    no policy of a page refuses (`tests/e2e/visitor.py`). Another page is given it here; that
    works where its policy allows evaluation.
    Raises FileNotFoundError when `make e2e` has not fetched it in branding/static_src.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SCRIPT.read_text())
    page.evaluate(SETTLE)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]} — {node['failureSummary'][:240]}"
        for violation in found
        for node in violation["nodes"]
    ]
