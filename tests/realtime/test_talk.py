"""Two people talk over real sockets."""

from tests.conftest import Server, aside, make_room, make_user


async def test_what_one_says_the_other_hears(server: Server) -> None:
    anna, joon = await aside(make_user), await aside(make_user)
    room = await aside(make_room, anna, joon)
    one, two = await server.connect(anna), await server.connect(joon)
    ack = await one.post(room.pk, "Guten **Morgen**")
    for client in (one, two):
        event = await client.wait_for("message.posted")
        assert event["message"]["body"] == "Guten **Morgen**"
        assert event["message"]["html"] == "<p>Guten <strong>Morgen</strong></p>"
        assert (event["seq"], event["message"]["id"]) == (ack["seq"], ack["id"])
