"""What people do in many tests: invite, join, log in."""

from tests.server.browsing import Browser
from tests.server.process import PASSWORD, Server


def invite_link(browser: Browser) -> str:
    """The path of a new link into the lobby."""
    room = browser.get("/invite/").value(r'<option value="(\d+)"[^>]*>lobby')
    return browser.post("/invite/", room=room).value(r'value="http://[^/]+(/join/[^"]+)"')


def join(server: Server, link: str, name: str) -> Browser:
    guest = server.browser()
    page = guest.post(link, name=name, email=f"{name.split()[0].lower()}@example.org", password1=PASSWORD)
    assert page.location == "/chat/lobby/", page.text
    return guest


def log_in(server: Server, login: str, password: str = PASSWORD) -> Browser:
    browser = server.browser()
    browser.post("/accounts/login/", login=login, password=password)
    return browser


def logged_in(browser: Browser) -> bool:
    return browser.get("/account/").status == 200


def pk_of(rosa: Browser, name: str) -> str:
    return rosa.get(f"/people/?q={name}").value(r"/people/(\d+)/deactivate/")
