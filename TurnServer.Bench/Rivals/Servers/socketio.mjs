// Rooms of two, in which each message of one goes to the other.
import { Server } from "socket.io";

const server = new Server(Number(process.argv[2]), { transports: ["websocket"], serveClient: false });
server.on("connection", socket => {
    const room = socket.handshake.query.room;
    socket.join(room);
    socket.on("turn", text => socket.to(room).emit("turn", text));
});
