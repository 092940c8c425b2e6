"""What owners can do, and the admin."""

import re

from tests.server.browsing import Browser
from tests.server.journeys import invite_link, join, log_in, logged_in, pk_of
from tests.server.process import Server


def test_only_owners_see_people(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Plain Pat")
    assert guest.get("/people/").status == 403
    assert guest.get("/admin/").status == 302
    assert server.browser().get("/people/").location.startswith("/accounts/login/")
    assert guest.post("/people/1/deactivate/", form_at="/account/").status == 403
    assert logged_in(rosa)


def test_a_deactivated_person_is_out_and_comes_back_when_let_in(server: Server, rosa: Browser) -> None:
    guest = join(server, invite_link(rosa), "Dan D")
    pk = pk_of(rosa, "dan")
    rosa.post(f"/people/{pk}/deactivate/", form_at="/people/")
    assert not logged_in(guest)
    assert not logged_in(log_in(server, "dan"))
    rosa.post(f"/people/{pk}/reactivate/", form_at="/people/")
    assert logged_in(log_in(server, "dan"))


def test_an_owner_cannot_deactivate_themselves(server: Server, rosa: Browser) -> None:
    rosa.post("/people/1/deactivate/", form_at="/people/")
    assert logged_in(rosa)


def test_a_lost_password_is_mended_by_a_link_that_works_once(server: Server, rosa: Browser) -> None:
    join(server, invite_link(rosa), "Lost Lou")
    pk = pk_of(rosa, "lost")
    page = rosa.post(f"/people/{pk}/reset/", form_at="/people/")
    link = page.value(r'value="http://[^/]+(/reset/[^"]+)"')
    lou = server.browser()
    looked = lou.get(link)
    assert looked.status == 200
    assert looked.headers["Referrer-Policy"] == "same-origin"
    assert lou.post(link, new_password="12345678").status == 200
    new = "a password to remember"
    assert lou.post(link, new_password=new).location == "/accounts/login/"
    assert logged_in(log_in(server, "lost", new))
    assert lou.get(link).status == 404
    assert lou.get("/reset/MQ/invented-token/").status == 404
    assert lou.get("/reset/x/y/").status == 404


def test_the_admin_shows_the_log_and_changes_nothing(server: Server, rosa: Browser) -> None:
    for model in ("room", "membership", "ban", "message", "reaction", "event", "invite", "token"):
        page = rosa.get(f"/admin/klatch/{model}/?q=lobby")
        assert page.status == 200, model
        assert rosa.get(f"/admin/klatch/{model}/add/").status == 403
    event = rosa.get("/admin/klatch/event/").value(r"/admin/klatch/event/(\d+)/change/")
    assert rosa.get(f"/admin/klatch/event/{event}/delete/").status == 403
    assert rosa.send(f"/admin/klatch/event/{event}/change/").status == 403
    hashes = rosa.get("/admin/klatch/token/").text
    assert not re.search(r"\b[0-9a-f]{64}\b", hashes)


def test_the_admin_has_no_log_in_of_its_own(server: Server) -> None:
    page = server.browser().get("/admin/login/")
    assert page.status == 302
    assert page.location.startswith("/accounts/login/")


def test_a_new_name_of_the_place_is_on_the_next_page(server: Server, rosa: Browser) -> None:
    assert "<title>Tea Room</title>" not in rosa.get("/chat/").text
    rosa.post("/people/place/", form_at="/people/", name="Tea Room", signup="invite")
    assert "<title>Tea Room</title>" in rosa.get("/chat/").text
    assert '"place": "Tea Room"' in rosa.get("/chat/lobby/").text
