// A room as in Socket.IO's documentation: join, then every message goes to all in the room. Stores nothing; with
// "recover" its connection state recovery keeps two minutes of messages in memory.
const { Server } = require("socket.io");

const recover = process.argv[3] === "recover";
const io = new Server(Number(process.argv[2]), recover ? { connectionStateRecovery: {} } : {});

io.on("connection", (socket) => {
  socket.on("join", (room) => {
    socket.data.room = room;
    socket.join(room);
    socket.emit("joined");
  });
  socket.on("message", (text) => io.to(socket.data.room).emit("message", text));
  // A recovered socket is in its rooms again by itself.
  if (socket.recovered) socket.emit("joined");
});
