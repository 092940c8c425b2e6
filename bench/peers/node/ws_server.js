// A room on the bare `ws` package: whoever is connected to a path receives what is sent there. Stores nothing.
const { WebSocketServer } = require("ws");

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });

server.on("connection", (socket, request) => {
  const members = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, members.add(socket));
  socket.on("message", (data) => {
    const text = data.toString();
    for (const member of members) member.send(text);
  });
  socket.on("close", () => members.delete(socket));
});

// Its own documentation tells everybody to ping, or dead clients are never noticed.
setInterval(() => server.clients.forEach((socket) => socket.ping()), 30000);
