"""The least of a browser: cookies, forms with their CSRF token, one redirect at a time. Runs no scripts."""

import http.client
import re
import urllib.parse
from dataclasses import dataclass
from http.cookies import SimpleCookie


@dataclass
class Page:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    def value(self, pattern: str) -> str:
        """What the group of ``pattern`` matches on this page."""
        found = re.search(pattern, self.text)
        assert found, f"{pattern!r} is not on the page:\n{self.text}"
        return found[1]


class Browser:
    def __init__(self, url: str, host: str = "") -> None:
        self.address = urllib.parse.urlsplit(url)
        self.host = host or self.address.netloc
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}  # of every request, like User-Agent
        self.page: Page | None = None

    @property
    def cookie(self) -> str:
        """As a header."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path: str, **headers: str) -> Page:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, form_at: str | None = None, **fields: str) -> Page:
        """Send a form of the page at ``form_at`` (``path`` itself if not given), with its token."""
        token = self.get(form_at or path).value(r'name="csrfmiddlewaretoken" value="([^"]+)"')
        return self.send(path, csrfmiddlewaretoken=token, **fields)

    def send(self, path: str, **fields: str) -> Page:
        """Send exactly this."""
        return self._ask("POST", path, urllib.parse.urlencode(fields), {"Origin": f"http://{self.host}"})

    def follow(self, page: Page) -> Page:
        while page.status in (301, 302, 303):
            page = self.get(urllib.parse.urlsplit(page.location)._replace(scheme="", netloc="").geturl())
        return page

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Page:
        connection = http.client.HTTPConnection(self.address.hostname or "", self.address.port, timeout=20)
        headers = {"Host": self.host, **self.headers, **headers}
        if self.cookies:
            headers["Cookie"] = self.cookie
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for header in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        self.page = Page(answer.status, answer.headers, text)
        return self.page
