"""The example project runs as its tutorial says, and the tutorial shows what the example has."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from klatch.client import Client
from tests.server.browsing import Browser

ROOT = Path(__file__).parent.parent
HOST = ROOT / "examples" / "host"
PASSWORD = "kites and strings"
LIMIT = 120  # seconds; a busy machine is no failure


class Host:
    """The example under uvicorn, on a database of its own."""

    def __init__(self, database: Path) -> None:
        ours = {key: value for key, value in os.environ.items() if not key.startswith(("KLATCH_", "DJANGO_"))}
        self.environment = {
            **ours,
            "SHOP_DATABASE": str(database),
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
            "PYTHONUNBUFFERED": "1",
        }
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=HOST, env=self.environment, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        command = [sys.executable, "-m", "uvicorn", "shop.asgi:application", "--port", "0", "--no-access-log"]
        self.process = subprocess.Popen(
            [*command, "--ws", "websockets-sansio", "--ws-max-size", "65536"],
            cwd=HOST,
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                self.url = found[1]
                return
        raise AssertionError("It did not start:\n" + "".join(said))

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.communicate(timeout=LIMIT)

    def log_in(self, name: str) -> Browser:
        browser = Browser(self.url)
        assert browser.post("/login/", username=name, password=PASSWORD).location == "/"
        return browser

    def socket(self, browser: Browser) -> Client:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        return Client(f"{self.url}/talk", headers={"Cookie": cookies, "Origin": self.url})


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    made = Host(tmp_path_factory.mktemp("shop") / "db.sqlite3")
    made.manage("migrate", "--verbosity", "0")
    for name in ("rosa", "amara"):
        made.manage("createsuperuser", "--noinput", "--username", name, "--email", f"{name}@example.org")
    made.start()
    yield made
    made.stop()


def test_check_finds_nothing_to_complain_about(host: Host) -> None:
    assert "no issues" in host.manage("check")


def test_the_chat_page_and_its_files_are_served_below_the_mount(host: Host) -> None:
    page = host.log_in("rosa").get("/talk/chat/")
    assert page.status == 200
    style = page.value(r'href="(/static/klatch/css/tokens[^"]*\.css)"')
    assert Browser(host.url).get(style).status == 200


def test_who_is_not_logged_in_is_sent_to_the_projects_own_log_in(host: Host) -> None:
    assert Browser(host.url).get("/talk/chat/").location == "/login/?next=/talk/chat/"


async def test_a_post_from_a_view_reaches_both_sides(host: Host) -> None:
    rosa, amara = host.log_in("rosa"), host.log_in("amara")
    async with host.socket(rosa) as hers, host.socket(amara) as theirs:
        assert hers.you["username"] == "rosa"
        page = rosa.send("/orders/1042/talk/", csrfmiddlewaretoken=_token(rosa))
        assert page.location == "/talk/chat/order-1042/"
        for client in (hers, theirs):
            added = await client.wait_for("room.added")
            history = await client.request("history", room=added["room"]["id"])
            assert [message["body"] for message in history["messages"]] == [
                "A question about order 1042: **A kite, red**"
            ]


async def test_a_post_from_another_process_arrives_by_itself(host: Host) -> None:
    amara = host.log_in("amara")
    amara.send("/orders/1043/talk/", csrfmiddlewaretoken=_token(amara))
    async with host.socket(amara) as client:
        code = (
            "import klatch; from django.contrib.auth.models import User; "
            "klatch.post('order-1043', User.objects.get(username='amara'), 'from a shell')"
        )
        host.manage("shell", "-c", code)
        event = await client.wait_for("message.posted")
        assert event["message"]["body"] == "from a shell"


def test_every_block_of_the_tutorial_stands_in_the_example() -> None:
    files = [file.read_text() for file in sorted(HOST.rglob("*")) if file.suffix in (".py", ".html")]
    blocks = re.findall(r"```(?:python|html)\n(.*?)```", (ROOT / "docs" / "tutorial" / "embed.md").read_text(), re.S)
    assert len(blocks) > 4
    for block in blocks:
        lines = [line.strip() for line in block.splitlines() if line.strip() not in ("", "…")]
        assert any(all(line in text for line in lines) for text in files), block


def _token(browser: Browser) -> str:
    return browser.get("/").value(r'name="csrfmiddlewaretoken" value="([^"]+)"')
