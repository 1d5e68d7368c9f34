// Requests over a WebSocket: tags, repetitions, losses, refusals.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestSender } from "../request-sender.js";
import { TurnClient, play, resume, timing, waiting } from "../node.js";
import { parseMessage } from "../web-socket-transport.js";
import { FakeClock, fakeFetch, fakeWebSockets } from "./fakes.js";
import { PlainWebSocket, startSocketServer } from "./plain-web-socket.js";

const UPDATE = { body: "6,,17,0,3", wait: 15000, received: 7 };
const SAVED = {
    version: 1, url: "ws://localhost/", key: "17", seat: 1, partner: "Bob", isHost: false, counter: -1, taken: 0,
    last: [], unsent: [], received: 0, unread: [],
};

// serve as in fakeWebSockets; http answers GETs.
function stage(serve, http = "lost") {
    const clock = new FakeClock(), WebSocket = fakeWebSockets(serve), gets = [];
    const options = { timing, clock, WebSocket, fetch: fakeFetch(() => http, gets) };
    return { clock, gets, options, sockets: WebSocket.sockets, sender: new RequestSender("ws://localhost/x", options) };
}

// Accepts, and answers each message with what replyTo returns for it, without the tag; "" for nothing.
const answering = replyTo => (socket, number) => {
    socket.onSent = message => {
        const reply = replyTo(message.slice(message.indexOf(" ") + 1), number);
        if (reply) socket.reply(message.split(/[ ;]/)[0] + reply);
    };
    socket.accept();
};

test("A message is a tag, parameters and the request, and so is the reply", async () => {
    const { clock, sockets, sender } = stage(answering(() =>
        ";wait=15;counter=-1;taken=2;acknowledged=3;silent=4;other=5 0/9/b|c d"));
    const { reply, fault } = await clock.until(sender.send(UPDATE));
    assert.equal(fault, null);
    assert.deepEqual(reply, {
        text: "0/9/b|c d", error: 0, detail: null, code: 9, data: "b|c d", isHeld: true, turnCounter: -1,
        totals: { taken: 2, acknowledged: 3 }, partnerSilent: 4,
    });
    await clock.until(sender.send({ body: "6,ä b,17,0,4" }));
    assert.deepEqual(sockets[0].sent, ["1;wait=15;received=7 6,,17,0,3", "2 6,ä b,17,0,4"]);
    assert.deepEqual([sockets.length, sockets[0].url, sockets[0].offered], [1, "ws://localhost/x", "turn.1"]);
});

test("Messages that are no replies are told apart", () => {
    assert.deepEqual(parseMessage("7;a=b;c;=d 0/10/*"), { tag: 7, text: "0/10/*", parameters: { a: "b" } });
    for (const message of ["", "0/10/*", " 0/10/*", "x 0/10/*", "123456789 0/10/*", ";a=b 0/10/*", new ArrayBuffer(3)])
        assert.equal(parseMessage(message), null);
});

test("A newer request goes out while a reply is held, and replies are told apart by their tags", async () => {
    const { clock, sockets, sender } = stage(socket => {
        socket.onSent = () => {
            if (socket.sent.length < 2) return;
            socket.reply("2 0/9/newer");
            socket.reply("1 0/9/older");
        };
        socket.accept();
    });
    const held = sender.send(UPDATE), newer = sender.send({ body: "6,a,17,0,4" });
    assert.equal((await clock.until(newer)).reply.data, "newer");
    assert.equal((await clock.until(held)).reply.data, "older");
    assert.equal(sockets.length, 1);
});

test("An abandoned request ends at once, and its reply is ignored", async () => {
    const abandon = new AbortController();
    const { clock, sockets, sender } = stage(answering(line => line.endsWith("3") ? "" : " 0/10/*"));
    clock.after(100, () => abandon.abort());
    assert.equal(await clock.until(sender.send(UPDATE, abandon.signal)), null);
    assert.equal(clock.now(), 100);
    assert.equal((await clock.until(sender.send({ body: "6,a,17,0,4" }))).reply.code, 10);
    sockets[0].reply("1 0/9/late");
    await clock.until(new Promise(resolve => clock.after(2000, resolve)));
    assert.equal((await clock.until(sender.send({ body: "6,a,17,0,5" }))).reply.code, 10);
    assert.equal(sockets.length, 1);
});

test("After a loss the same bytes go over a new connection", async () => {
    const { clock, sockets, sender } = stage((socket, number) => {
        socket.onSent = message => number === 1 ? socket.drop("the server is stopping") : socket.reply(
            `${message.split(";")[0]} 0/10/*`);
        socket.accept();
    });
    assert.equal((await clock.until(sender.send(UPDATE))).reply.code, 10);
    const [first, second] = sockets.map(({ sent }) => sent.map(message => message.slice(message.indexOf(";"))));
    assert.deepEqual([first, second], [[";wait=15;received=7 6,,17,0,3"], [";wait=15;received=7 6,,17,0,3"]]);
    assert.equal(clock.now(), 0);
});

test("A reply that is overdue ends the connection, and the request goes over another", async () => {
    const { clock, sockets, sender } = stage(answering((_, number) => number === 1 ? "" : " 0/10/*"));
    assert.equal((await clock.until(sender.send(UPDATE))).reply.code, 10);
    assert.equal(clock.now(), 20000);
    assert.deepEqual(sockets.map(({ isClosed }) => isClosed), [true, false]);
});

test("A connection that is not opened in time is given up, and pauses grow as over HTTP", async () => {
    const times = [], { clock, sender } = stage(() => times.push(clock.now()));
    const { fault } = await clock.until(sender.send({ body: "6,,17,0,3" }));
    assert.deepEqual([fault.kind, fault.message],
        ["unreachable", "the server cannot be reached: no answer within 5 s"]);
    assert.deepEqual(times.slice(0, 2), [0, 5000]);
    assert.ok(times[2] >= 10025 && times[2] <= 10050 && clock.now() >= 30000 && clock.now() <= 40000, String(times));
});

test("The reason of a loss is told", async () => {
    const { clock, sender } = stage(socket => {
        socket.onSent = () => socket.drop("the server is stopping");
        socket.accept();
    });
    const { fault } = await clock.until(sender.send(UPDATE));
    assert.equal(fault.message, "the server cannot be reached: the connection was closed: the server is stopping");
});

test("retry is respected", async () => {
    let count = 0;
    const { clock, sender } = stage(answering(() => count++ ? " 0/10/*" : ";retry=1 22/*/*"));
    assert.equal((await clock.until(sender.send(UPDATE))).reply.code, 10);
    assert.equal(clock.now(), 1000);
});

test("A server that answers over HTTP but opens no WebSocket is reported", async () => {
    for (const answer of [[200, "0.0001"], [404, "not found"], [400, "no"]]) {
        const { clock, gets, sockets, sender } = stage(socket => socket.refuse("non-101"), answer);
        const { fault } = await clock.until(sender.send({ body: "0,Ann,*,*,t" }));
        assert.deepEqual([fault.kind, fault.message], ["notTurnServer", "this is not a turn server: no WebSocket could "
            + `be opened: non-101, but GET is answered with ${answer[0]}; an older server, or one behind a proxy that `
            + "lets no WebSocket through, can be reached with http://"]);
        assert.deepEqual([sockets.length, gets[0].url], [3, "http://localhost/x"]);
    }
});

for (const [http, name] of [["lost", "no server"], [[503, "stopping"], "a server that stops"]]) {
    test(`Without a WebSocket, ${name} is asked until the patience is over`, async () => {
        const { clock, sockets, sender } = stage(socket => socket.refuse(), http);
        const { fault } = await clock.until(sender.send({ body: "0,Ann,*,*,t" }));
        assert.deepEqual([fault.kind, fault.message],
            ["unreachable", "the server cannot be reached: no WebSocket could be opened"]);
        assert.ok(sockets.length > 10);
    });
}

test("A handshake that fails with an error event alone is lost at once", async () => {
    const { clock, sockets, sender } = stage((socket, number) => {
        if (number === 1) socket.onerror({ message: "non-101" });
        else answering(() => " 0/10/*")(socket, number);
    });
    assert.equal((await clock.until(sender.send(UPDATE))).reply.code, 10);
    assert.deepEqual([sockets.length, clock.now()], [2, 0]);
});

test("A server that once opened a WebSocket is not taken for another", async () => {
    const { clock, sender } = stage((socket, number) => {
        if (number > 1 && number < 9) socket.refuse();
        else answering((_, turn) => { if (turn > 1) return " 0/10/*"; return socket.drop(); })(socket, number);
    }, [200, "0.0001"]);
    assert.equal((await clock.until(sender.send(UPDATE))).reply.code, 10);
});

for (const [serve, says] of [[socket => socket.accept("chat"), "its WebSocket is not one for turns"],
    [answering(() => "hello"), "it sends messages that are no replies"],
    [answering(() => " hello"), "it answers hello, but not like a turn server"],
    [answering(() => " 0/3/Bob"), "it answers 0/3/Bob to symbol 6"]]) {
    test(`Something else is no turn server: ${says}`, async () => {
        const { clock, sockets, sender } = stage(serve);
        const { fault } = await clock.until(sender.send(UPDATE));
        assert.deepEqual([fault.kind, fault.message], ["notTurnServer", `this is not a turn server: ${says}`]);
        assert.equal(sockets.length, 1);
    });
}

test("An idle connection is closed, and opened again when needed", async () => {
    const { clock, sockets, sender } = stage(answering(() => " 0/10/*"));
    await clock.until(sender.send(UPDATE));
    await clock.until(new Promise(resolve => clock.after(9999, resolve)));
    assert.equal(sockets[0].isClosed, false);
    await clock.until(new Promise(resolve => clock.after(2, resolve)));
    assert.equal(sockets[0].isClosed, true);
    assert.equal((await clock.until(sender.send(UPDATE))).reply.code, 10);
    assert.equal(sockets.length, 2);
});

test("A player and its game share a connection, which is closed when it quits", async () => {
    const replies = ["0/0/5", "0/4/Bob", "0/6/", "0/8/17|1"];
    const { clock, sockets, options } = stage(answering(line => {
        if (replies.length) return ` ${replies.shift()}`;
        return line.startsWith("5,") ? " 0/1/*" : line.startsWith("6,a") ? " 0/10/*" : "";
    }));
    const game = await clock.until(play("ws://localhost/", "Ann", "*", Object.assign({ token: "t" }, options)));
    await clock.until(game.send("a1"));
    assert.equal(JSON.parse(game.save()).url, "ws://localhost/");
    await clock.until(game.quit());
    assert.deepEqual([sockets.length, sockets[0].isClosed], [1, true]);
});

test("Without a WebSocket in this runtime the error says what to do", async () => {
    const without = /pass a constructor as the option WebSocket, such as that of the npm package ws/;
    const known = globalThis.WebSocket;
    delete globalThis.WebSocket;
    try {
        assert.throws(() => new TurnClient("ws://localhost/"), without);
        await assert.rejects(play("wss://localhost/", "Ann"), without);
        await assert.rejects(resume(JSON.stringify(SAVED)), without);
    } finally {
        if (known) globalThis.WebSocket = known;
    }
});

test("Waiting players are asked for over HTTP", async () => {
    const { clock, gets, options } = stage(() => {}, [200, "3 12"]);
    assert.deepEqual(await clock.until(waiting("wss://localhost/", "chess", options)), { count: 3, seconds: 12 });
    assert.equal(gets[0].url, "https://localhost/waiting?pool=chess");
});

test("Over real connections, too, a game keeps one, and another after a loss", async () => {
    let count = 0;
    const server = await startSocketServer((message, reply, stream) => {
        const tag = message.split(/[ ;]/)[0], [symbol, turn, , , counter] = message.split(",");
        if (counter === "9223372036854775807") reply(`${tag};counter=-1;taken=0;acknowledged=0 19/*/*`);
        else if (symbol.endsWith(" 5")) reply(`${tag} 0/1/*`);
        else if (turn && ++count === 10) stream.destroy();
        else if (turn) reply(`${tag} 0/9/b`);
        else if (!message.includes(";wait=")) reply(`${tag} 0/10/*`);
    });
    const game = await resume(JSON.stringify(Object.assign({}, SAVED, { url: server.url })),
        { WebSocket: PlainWebSocket, timing: { replyTimeout: 60000 } });
    const turns = game.turns();
    for (let i = 0; i < 20; i++) {
        const next = turns.next();
        await game.send(`a${i}`);
        assert.equal((await next).value, "b");
    }
    await game.quit();
    assert.equal(server.connections(), 2);
    while (server.open()) await new Promise(setImmediate);
    server.close();
});
