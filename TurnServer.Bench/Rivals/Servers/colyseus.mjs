// A room of two, in which each message of one goes to the other.
import { Server, Room } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";

class Pair extends Room {
    maxClients = 2;
    // There is no state to synchronize twenty times a second.
    patchRate = null;

    onCreate() {
        this.onMessage("turn", (client, text) => this.broadcast("turn", text, { except: client }));
    }
}

// By default it drops clients that have not answered for 6 s, such as those that wait while others connect. This server
// pings as often as here.
const transport = new WebSocketTransport({ pingInterval: 20_000 });
const server = new Server({ transport, greet: false });
server.define("pair", Pair).filterBy(["name"]);
await server.listen(Number(process.argv[2]));
