"""What every page and state must satisfy: axe-core's rules in light and in dark, and no sideways scrolling.

At 320 px as well, and mirrored for scripts that run from right to left.
"""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.person import Person

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
SECOND_LOOKS = 5
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

RUN = """async (only) => {
  const {violations} = await axe.run(document, {runOnly: only, resultTypes: ['violations']});
  return violations.flatMap(v => v.nodes.map(n => `${v.id} (${v.impact}): ${n.target} ${n.failureSummary}`));
}"""
GROUND = "() => getComputedStyle(document.body).backgroundColor"
# What sticks out of the window and is cut off by nothing that is meant to scroll or to cut, and what must be pushed
# sideways to be read: only code, tables and quotations in a message may, and the one line of a field.
WIDE = """width => {
  const wide = [], page = document.scrollingElement.scrollWidth;
  if (page > width) wide.push(`the page: ${page} px`);
  for (const el of document.body.querySelectorAll('*')) {
    const at = el.getBoundingClientRect();
    if (!at.width || !at.height || (at.right <= width + 1 && at.left >= -1)) continue;
    let over = el.parentElement;
    while (over && getComputedStyle(over).overflowX === 'visible') over = over.parentElement;
    if (over && over !== document.documentElement && over !== document.body) continue;
    if (getComputedStyle(el).position === 'absolute' && at.bottom < 0) continue;
    wide.push(`${el.outerHTML.slice(0, 90)}: ${Math.round(at.left)} to ${Math.round(at.right)} px`);
  }
  for (const el of document.body.querySelectorAll('*:not(input, textarea, [role=log] *)')) {
    if (!el.clientWidth || el.scrollWidth <= el.clientWidth + 1) continue;
    const scrolls = ['auto', 'scroll'].includes(getComputedStyle(el).overflowX);
    if (scrolls) wide.push(`scrolls sideways: ${el.outerHTML.slice(0, 90)}`);
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


def _settled(page: Page, script: str, argument: Any = None) -> list[str]:
    """What the script finds still when scheme and size have reached every element, which takes some drawings."""
    for _ in range(SECOND_LOOKS):
        found: list[str] = page.evaluate(script, argument)
        if not found:
            return []
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn, 50)))")
    return found


def faults(person: Person, state: str) -> list[str]:
    """Everything that is wrong with what is on the screen now."""
    page = person.page
    if not page.evaluate("'axe' in window"):
        # Not as a script element: the page's policy rightly forbids that.
        page.evaluate(_axe())
    found = _settled(page, RUN, {"type": "tag", "values": TAGS})
    light = page.evaluate(GROUND)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"light => ({GROUND})() !== light", arg=light)
    found += [f"dark: {each}" for each in _settled(page, RUN, {"type": "rule", "values": ["color-contrast"]})]
    page.emulate_media(color_scheme="light")
    size = page.viewport_size
    assert size is not None
    found += [f"wide: {each}" for each in _settled(page, WIDE, size["width"])]
    page.evaluate("document.dir = 'rtl'")
    found += [f"wide from right to left: {each}" for each in _settled(page, WIDE, size["width"])]
    page.evaluate("document.dir = 'ltr'")
    if person.device == "phone":
        # A page that is too wide is zoomed out by a phone: its own idea of the window's width grows.
        page.set_viewport_size({"width": 320, "height": size["height"]})
        page.wait_for_function("() => screen.width === 320")
        found += [f"wide at 320 px: {each}" for each in _settled(page, WIDE, 320)]
        page.set_viewport_size(size)
    page.wait_for_function(f"light => ({GROUND})() === light", arg=light)
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
