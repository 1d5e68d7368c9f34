// Over real connections: sending a turn while a reply is held closes none.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { resume } from "../node.js";
import { systemClock } from "../request-sender.js";

const TURNS = 20;

// Two at a time; fetch opens a third before it knows that one is free.
const CONNECTIONS_MAX = 4;

// On a busy machine a reply may take long: a second is a minute.
const clock = {
    now: systemClock.now,
    after: (milliseconds, call) => systemClock.after(milliseconds < 1000 ? milliseconds : 60 * milliseconds, call),
};

// A server that holds each update with Prefer until the next request, as the real one does.
async function startServer() {
    let connections = 0, held = null, notify = () => {};
    const server = createServer(async (request, response) => {
        let body = "";
        for await (const part of request.setEncoding("utf8")) body += part;
        const [symbol, turns, , , counter] = body.split(",");
        if (held) held.end("0/10/*");
        held = null;
        if (request.headers.prefer) {
            response.setHeader("Preference-Applied", "wait=15");
            held = response;
            notify();
        } else if (counter === "9223372036854775807") {
            const totals = { "Turn-Counter": "-1", "Turns-Taken": "0", "Turns-Acknowledged": "0" };
            response.writeHead(400, totals).end("19/*/*");
        } else {
            response.end(symbol === "5" ? "0/1/*" : turns ? "0/9/b" : "0/10/*");
        }
    });
    server.keepAliveTimeout = 600000;
    server.on("connection", () => { connections++; });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return {
        url: `http://127.0.0.1:${server.address().port}/`,
        connections: () => connections,
        holding: () => held ? null : new Promise(resolve => { notify = resolve; }),
        close() {
            server.close();
            server.closeAllConnections();
        },
    };
}

test("However often a turn is sent while a reply is held, the connections are the same", async () => {
    const server = await startServer(), exchanges = new Set();
    const counted = async (...request) => {
        const exchange = (async () => {
            const response = await fetch(...request);
            return new Response(await response.text(), response);
        })();
        exchanges.add(exchange);
        exchange.finally(() => exchanges.delete(exchange)).catch(() => {});
        return exchange;
    };
    const game = await resume(JSON.stringify({
        version: 1, url: server.url, key: "17", seat: 0, partner: "Bob", isHost: true, counter: -1, taken: 0, last: [],
        unsent: [], received: 0, unread: [],
    }), { fetch: counted, clock, timing: { patience: 0 } });
    const turns = game.turns();
    for (let i = 0; i < TURNS; i++) {
        const next = turns.next();
        await server.holding();
        // All replies but the held one have been read: their connections are free.
        while (exchanges.size > 1) await new Promise(setImmediate);
        await game.send(`a${i}`);
        assert.equal((await next).value, "b");
    }
    await game.quit();
    server.close();
    assert.ok(server.connections() <= CONNECTIONS_MAX, `${server.connections()} connections`);
});
