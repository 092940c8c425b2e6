"""A room as in python-socketio's documentation: join, then every message goes to all in the room. Stores nothing."""

import socketio

sio = socketio.AsyncServer(async_mode="asgi")
app = socketio.ASGIApp(sio)


@sio.event
async def join(sid, room):
    await sio.save_session(sid, {"room": room})
    await sio.enter_room(sid, room)
    await sio.emit("joined", to=sid)


@sio.event
async def message(sid, text):
    await sio.emit("message", text, room=(await sio.get_session(sid))["room"])
