"""Prints the path of Playwright's own Chromium, if it is installed; else nothing."""

from pathlib import Path

from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
    if Path(path).exists():
        print(path)  # noqa: T201
