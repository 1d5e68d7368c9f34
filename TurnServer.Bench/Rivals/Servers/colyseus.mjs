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

const server = new Server({ transport: new WebSocketTransport(), greet: false });
server.define("pair", Pair).filterBy(["name"]);
await server.listen(Number(process.argv[2]));
