"""What every page and state must satisfy: axe-core's rules in light and in dark, and no sideways scrolling.

At 320 px as well, and mirrored for scripts that run from right to left.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.browser.person import Person

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

RUN = """async (only) => {
  const {violations} = await axe.run(document, {runOnly: only, resultTypes: ['violations']});
  return violations.flatMap(v => v.nodes.map(n => `${v.id} (${v.impact}): ${n.target} ${n.failureSummary}`));
}"""
# What sticks out of the window and is cut off by nothing that is meant to scroll or to cut.
WIDE = """async () => {
  // Sizes that depend on the window follow it at its next drawing.
  await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const wide = [], page = document.scrollingElement.scrollWidth;
  if (page > innerWidth) wide.push(`the page: ${page} px`);
  for (const el of document.body.querySelectorAll('*')) {
    const at = el.getBoundingClientRect();
    if (!at.width || !at.height || (at.right <= innerWidth + 1 && at.left >= -1)) continue;
    let over = el.parentElement;
    while (over && getComputedStyle(over).overflowX === 'visible') over = over.parentElement;
    if (over && over !== document.documentElement && over !== document.body) continue;
    if (getComputedStyle(el).position === 'absolute' && at.bottom < 0) continue;
    wide.push(`${el.outerHTML.slice(0, 90)}: ${Math.round(at.left)} to ${Math.round(at.right)} px`);
  }
  return wide.slice(0, 5);
}"""


@cache
def _axe() -> str:
    """The rules, from npm: a dependency of development only."""
    if not AXE.exists() and (npm := shutil.which("npm")):
        command = [npm, "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=ROOT, check=False, timeout=180)
    if not AXE.exists():
        how = pytest.fail if os.environ.get("CI") else pytest.skip
        how("NOT RUN: the rules of accessibility. axe-core is missing; get it with npm install --no-package-lock.")
    return AXE.read_text()


def faults(person: Person, state: str) -> list[str]:
    """Everything that is wrong with what is on the screen now."""
    page = person.page
    if not page.evaluate("'axe' in window"):
        # Not as a script element: the page's policy rightly forbids that.
        page.evaluate(_axe())
    found = page.evaluate(RUN, {"type": "tag", "values": TAGS})
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {each}" for each in page.evaluate(RUN, {"type": "rule", "values": ["color-contrast"]})]
    page.emulate_media(color_scheme="light")
    found += [f"wide: {each}" for each in page.evaluate(WIDE)]
    page.evaluate("document.dir = 'rtl'")
    found += [f"wide from right to left: {each}" for each in page.evaluate(WIDE)]
    page.evaluate("document.dir = 'ltr'")
    if person.device == "phone":
        size = page.viewport_size
        assert size is not None
        page.set_viewport_size({"width": 320, "height": size["height"]})
        found += [f"wide at 320 px: {each}" for each in page.evaluate(WIDE)]
        page.set_viewport_size(size)
    return [f"{state}: {each}" for each in found]


class Checked:
    """Collects over the states of a journey, so that one run names all that is wrong."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.found: list[str] = []

    def check(self, person: Person, state: str) -> None:
        self.states.append(state)
        self.found += faults(person, state)

    def verdict(self) -> None:
        assert self.states
        assert not self.found, "\n" + "\n".join(self.found)
