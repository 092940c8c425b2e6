"""Owners see what was done in running the place, each thing once and in order; nobody else sees any of it."""

import html
import http.client
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.server.browsing import Browser
from tests.server.database import rows
from tests.server.journeys import invite_link, join, log_in, pk_of
from tests.server.process import PASSWORD, Server

Serve = Callable[..., Server]


def pages(owner: Browser) -> list[list[str]]:
    """The lines of every page, the newest first."""
    found, path = [], "/audit/"
    while path:
        text = owner.get(path).text
        items = re.findall(r"(?s)<li>(.*?)</li>", text)
        found.append([" ".join(html.unescape(re.sub(r"<[^>]+>", " ", item)).split()) for item in items])
        older = re.search(r'<a href="(\?before=[^"]+)"', text)
        path = "/audit/" + html.unescape(older[1]) if older else ""
    return found


def every(owner: Browser) -> list[str]:
    return [line for page in pages(owner) for line in page]


def newest(owner: Browser, count: int = 1) -> list[str]:
    return pages(owner)[0][:count]


def api(server: Server, secret: str, method: str, path: str, **body: Any) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(
            method, f"/api/v1{path}", json.dumps(body) if body else None,
            {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
        )  # fmt: skip
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    assert answer.status < 300, text
    return json.loads(text) if text else None


def token(browser: Browser) -> str:
    page = browser.post("/account/tokens/", "/account/", name="tests", scope="write")
    return page.value(r'value="(klatch_[\w-]+)"')


def test_only_owners_find_it(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Plain Pat")
    assert "Times are of the zone UTC." in rosa.get("/audit/").text
    assert guest.get("/audit/").status == 404
    assert server.browser().get("/audit/").location.startswith("/accounts/login/")
    assert "/audit/" in rosa.get("/people/").text
    for address in ("nonsense", "2026-01-01T00:00:00,0,1", "2026-01-01T00:00:00+00:00,0,x", "1,2"):
        assert rosa.get(f"/audit/?before={address}").status == 404


def test_what_happens_to_accounts_is_there(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Dan D")
    assert "Account made" in newest(rosa)[0]
    assert "Dan D · 127.0.0.1" in newest(rosa)[0]
    pk = pk_of(rosa, "dan")
    secret = token(guest)
    rosa.post(f"/people/{pk}/deactivate/", form_at="/people/")
    rosa.post(f"/people/{pk}/deactivate/", form_at="/people/")
    rosa.post(f"/people/{pk}/reactivate/", form_at="/people/")
    page = rosa.post(f"/people/{pk}/reset/", form_at="/people/")
    link = page.value(r'value="http://[^/]+(/reset/[^"]+)"')
    server.browser().post(link, new_password="another good password")
    revoked, password, made, opened, closed, before = newest(rosa, 6)
    assert "API token revoked" in revoked
    assert "tests" in revoked
    assert "New password set" in password
    assert "Password link made" in made
    assert "Dan D" in made
    assert "Rosa Lindqvist · 127.0.0.1" in made
    assert "Account let back in" in opened
    assert "Account deactivated" in closed
    assert "API token made" in before
    assert server.browser().get("/api/v1/rooms", Authorization=f"Bearer {secret}").status == 401
    everything = str(rows(server, "SELECT * FROM klatch_server_act"))
    assert secret not in everything
    assert link.split("/")[-2] not in everything
    assert secret[7:11] not in everything


def test_a_changed_password_keeps_tokens_and_a_logged_out_device_is_an_act(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Kim K")
    secret = token(guest)
    other = log_in(server, "kim")
    other.get("/account/")
    guest.post("/account/elsewhere/", form_at="/account/")
    assert "Device logged out" in newest(rosa)[0]
    guest.post("/accounts/password/", oldpassword=PASSWORD, password1="another good password")
    assert server.browser().get("/api/v1/rooms", Authorization=f"Bearer {secret}").status == 200


def test_settings_of_the_place_are_there_and_a_save_without_a_change_is_not(server: Server, rosa: Browser) -> None:
    before = len(pages(rosa)[0])
    rosa.post("/people/place/", form_at="/people/", name="Tea House", signup="invite")
    assert len(pages(rosa)[0]) == before
    rosa.post("/people/place/", form_at="/people/", name="Coffee House", signup="open")
    opened, renamed = newest(rosa, 2)
    assert "Everybody may make an account now" in opened
    assert "Tea House → Coffee House" in renamed
    rosa.post("/people/place/", form_at="/people/", name="Tea House", signup="invite")
    assert "Only people with an invite link" in newest(rosa)[0]


def test_links_and_tokens_made_by_programs_are_there_with_their_address(server: Server, rosa: Browser) -> None:
    secret = token(rosa)
    room = api(server, secret, "GET", "/rooms")["rooms"][0]
    link = api(server, secret, "POST", "/invites", room=room["id"])
    api(server, secret, "DELETE", f"/invites/{link['id']}")
    revoked, made = newest(rosa, 2)
    assert revoked.startswith(f"Invite link revoked {room['name']}")
    assert made.startswith(f"Invite link made {room['name']}")
    assert made.endswith("Rosa Lindqvist · 127.0.0.1")
    assert link["secret"] not in str(rows(server, "SELECT * FROM klatch_server_act"))


def test_what_moderators_do_is_between_it_once_and_without_words(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Mia M")
    mine, theirs = token(rosa), token(guest)
    mia = api(server, theirs, "GET", "/me")["you"]["id"]
    room = api(server, mine, "POST", "/rooms", name="Cellar", kind="private")["room"]["id"]
    api(server, mine, "POST", f"/rooms/{room}/members", users=[mia])
    own = api(server, theirs, "POST", f"/rooms/{room}/messages", body="slip of the tongue")["id"]
    other = api(server, theirs, "POST", f"/rooms/{room}/messages", body="unspeakable words")["id"]
    before = every(rosa)
    api(server, theirs, "DELETE", f"/messages/{own}")  # one's own: no act
    api(server, mine, "DELETE", f"/messages/{other}")
    api(server, mine, "PATCH", f"/rooms/{room}/members/{mia}", role="moderator")
    api(server, mine, "PATCH", f"/rooms/{room}", name="Attic", description="high up", archived=True)
    api(server, mine, "PATCH", f"/rooms/{room}", archived=False)
    api(server, mine, "DELETE", f"/rooms/{room}/members/{mia}")
    api(server, mine, "POST", f"/rooms/{room}/members", users=[mia])
    api(server, theirs, "POST", f"/rooms/{room}/leave")  # of one's own will: no act
    after = every(rosa)
    new = after[: len(after) - len(before)]
    assert after[len(new) :] == [line.replace("Cellar", "Attic") for line in before]
    told = [re.sub(r" \d\S+ \S+ · Rosa Lindqvist$", "", line) for line in new]
    assert told == [
        "Removed from a room Mia M · Attic",
        "Room opened again Attic",
        "Room renamed; it was “Cellar” · Room archived Attic",
        "New role in a room: moderator Mia M · Attic",
        "Somebody else’s message deleted Mia M · Attic",
    ]
    assert "unspeakable" not in " ".join(after)
    # Read from the event log, not written again.
    assert not rows(server, "SELECT * FROM klatch_server_act WHERE words LIKE '%Attic%'")


def test_pages_follow_one_another_without_a_hole_and_without_a_line_twice(server: Server, rosa: Browser) -> None:
    secret = token(rosa)
    room = api(server, secret, "POST", "/rooms", name="Pages")["room"]["id"]
    for n in range(45):
        made = api(server, secret, "POST", "/tokens", name=f"number {n}.")["id"]
        api(server, secret, "DELETE", f"/tokens/{made}")
        api(server, secret, "PATCH", f"/rooms/{room}", name=f"Pages {n}.")
    # All at one moment: only their numbers tell them apart.
    (moment,) = rows(server, "SELECT max(at) FROM klatch_event")[0]
    rows(server, "UPDATE klatch_event SET at = ? WHERE kind = 'room.changed' AND room_id = ?", moment, room)
    rows(server, "UPDATE klatch_server_act SET at = ? WHERE words LIKE 'number %'", moment)
    found = pages(rosa)
    assert [len(page) for page in found[:-1]] == [50] * (len(found) - 1)
    assert 0 < len(found[-1]) <= 50
    lines = [line for page in found for line in page]
    for n in range(45):
        assert len([line for line in lines if f"number {n}." in line]) == 2
    assert len([line for line in lines if "Room renamed; it was “Pages" in line]) == 45
    total = rows(server, "SELECT count(*) FROM klatch_server_act")[0][0]
    assert len([line for line in lines if " room" not in line]) >= total - 45


def test_the_admin_shows_acts_keeps_them_and_writes_what_it_changes(server: Server, rosa: Browser) -> None:
    join(server, invite_link(rosa), "Ada A")
    pk = pk_of(rosa, "ada")
    assert rosa.get("/admin/klatch_server/act/").status == 200
    act = rosa.get("/admin/klatch_server/act/").value(r"/act/(\d+)/change/")
    assert rosa.get("/admin/klatch_server/act/add/").status == 403
    assert rosa.get(f"/admin/klatch_server/act/{act}/delete/").status == 403
    assert rosa.send(f"/admin/klatch_server/act/{act}/change/").status == 403
    assert rosa.get("/admin/usersessions/usersession/").status == 404
    form = f"/admin/auth/user/{pk}/change/"
    fields = {"username": "ada", "email": "ada@example.org", "first_name": "Ada A",
              "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}  # fmt: skip
    assert rosa.post(form, **fields, is_active="on", is_superuser="on", is_staff="on").status == 302
    rights, promoted = newest(rosa, 2)
    assert "Rights in the administration changed Ada A" in rights
    assert "Made an owner of the place Ada A" in promoted
    assert rosa.post(form, **fields, is_staff="on").status == 302
    demoted, closed = newest(rosa, 2)
    assert "No owner of the place any more Ada A" in demoted
    assert "Account deactivated Ada A" in closed
    new = {"password1": "another good password", "password2": "another good password", "usable_password": "true"}
    assert rosa.post(f"/admin/auth/user/{pk}/password/", **new).status == 302
    assert "New password set Ada A" in newest(rosa)[0]
    # Who is in rooms cannot be deleted there; who was only just made can.
    assert rosa.post(f"/admin/auth/user/{pk}/delete/", post="yes").status == 403
    made = rosa.post("/admin/auth/user/add/", username="brief", **new)
    assert "Account made brief" in newest(rosa)[0]
    brief = re.sub(r"\D", "", made.location)
    assert rosa.post(f"/admin/auth/user/{brief}/delete/", post="yes").status == 302
    deleted, created = newest(rosa, 2)
    assert "Account deleted brief" in deleted
    assert "Account made 1" in created


def test_the_command_line_is_named_and_a_name_of_its_own_is_possible(serve: Serve, tmp_path: Path) -> None:
    server = serve()
    rosa = server.set_up()
    assert "Place set up Tea House" in newest(rosa)[0]
    made = server.klatch(
        "create-user", "karl", "--name", "  Karl der Käfer ", "--email", "k@example.org", "--owner",
        "--password-file", "-", stdin=PASSWORD,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    long = server.klatch(
        "create-user", "x", "--name", "x" * 81, "--email", "x@example.org", "--password-file", "-", stdin=PASSWORD
    )
    assert (long.returncode, "80 characters" in long.stderr) == (1, True)
    assert server.klatch("token", "karl").returncode == 0
    archive = tmp_path / "copy.zip"
    assert server.klatch("backup", str(archive)).returncode == 0
    backup, token_made, promoted, account = newest(rosa, 4)
    for line in (backup, token_made, promoted, account):
        assert line.endswith("command line")
    assert "Backup made copy.zip" in backup
    assert "API token made Karl der Käfer" in token_made
    assert "Made an owner of the place Karl der Käfer" in promoted
    assert "Account made Karl der Käfer" in account
    server.stop()
    assert server.klatch("restore", str(archive)).returncode == 0
    server.start()
    lines = every(log_in(server, "rosa"))
    assert "Backup restored copy.zip" in lines[0]
    assert "Account made Karl" in " ".join(lines)


def test_a_place_that_nobody_set_up_in_a_browser_begins_with_the_command_line(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    assert server.klatch(
        "create-user", "rosa", "--email", "r@example.org", "--owner", "--password-file", "-", stdin=PASSWORD
    ).returncode == 0  # fmt: skip
    assert rows(server, "SELECT kind, actor_id, command_line FROM klatch_server_act") == [("set-up", None, 1)]
