// Registration, a game, saved games and invalid turns, against a simulated server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TURN_BYTES_MAX, TurnClient, TurnError, play, resume, timing, waiting } from "../node.js";
import { FakeClock, fakeFetch } from "./fakes.js";

const URL = "http://localhost/";
const BEGINNING = ["0/0/5", "0/2/*", "0/4/Bob", "0/6/", "0/7/*", "0/8/17|1"];
const SAVED = {
    version: 1, url: URL, key: "17", seat: 1, partner: "Bob", isHost: false, counter: 4, taken: 2, last: ["a1"],
    unsent: ["a2"], received: 3, unread: ["b2"],
};

// The options of a client whose server gives these answers, then those of the game, and at last none.
function stage(answers, game = () => "silent") {
    const clock = new FakeClock(), requests = [];
    const fetch = fakeFetch((request, number) => number <= answers.length ? answers[number - 1] : game(request),
        requests);
    return { clock, requests, options: { clock, fetch } };
}

const bodies = requests => requests.map(({ body }) => body);

test("A game begins, is played and quit", async () => {
    const answers = { "6,a1|a2,17,1,0": "0/9/b1|b2", "5,*,17,1,*": "0/1/*" };
    const { clock, requests, options } = stage(BEGINNING, ({ body }) => answers[body] || "silent");
    const game = await clock.until(play(URL, " Ann\n", "*", Object.assign({ pool: "chess", token: "t" }, options)));
    assert.deepEqual(bodies(requests),
        ["0,Ann,*#chess,*,t", "2,*,5,*,*", "2,*,5,*,*", "3,*,5,*,*", "4,*,5,*,*", "4,*,5,*,*"]);
    assert.deepEqual([game.partner, game.isHost, game.seat, game.ended], ["Bob", false, 1, null]);
    const got = [], sent = Promise.all([game.send("a1"), game.send("a2")]);
    await clock.until(sent);
    await clock.until((async () => {
        for await (const turn of game.receive()) if (got.push(turn) === 2) break;
    })());
    assert.deepEqual(got, ["b1", "b2"]);
    await clock.until(game.quit());
    assert.deepEqual([game.ended, game.fault], ["0/1/*", null]);
    await assert.rejects(game.send("a3"), { name: "TurnError", reply: "0/1/*" });
});

test("An answer to a turn abandons no held reply", async () => {
    let count = 0;
    const { clock, requests, options } = stage(BEGINNING, ({ body }) => {
        if (body.startsWith("5,")) return "0/1/*";
        return ++count <= 5 ? [200, `0/9/b${count}`, { "Preference-Applied": "wait=20" }] : "15/5/*";
    });
    const game = await clock.until(play(URL, "Ann", "*", Object.assign({ token: "t" }, options)));
    await clock.until((async () => {
        for await (const turn of game.turns()) await game.post(turn.replace("b", "a"));
    })().catch(() => {}));
    assert.deepEqual(bodies(requests).slice(BEGINNING.length),
        ["6,,17,1,0", "6,a1,17,1,1", "6,a2,17,1,2", "6,a3,17,1,3", "6,a4,17,1,4", "6,a5,17,1,5"]);
    assert.deepEqual([game.ended, game.fault.kind], ["15/5/*", "partnerLeft"]);
});

test("post waits while the queue is full", async () => {
    const { clock, options } = stage(BEGINNING, ({ body }) => body.startsWith("6,") ? "0/10/*" : "0/1/*");
    const game = await clock.until(play(URL, "Ann", "*", Object.assign({ token: "t" }, options)));
    let queued = 0;
    const posts = Array.from({ length: 100 }, () => game.post("x".repeat(16000)).then(() => { queued++; }));
    await Promise.resolve();
    assert.equal(queued, 64);
    await clock.until(Promise.all(posts));
    await clock.until(game.quit());
});

test("A partner that leaves before the game is replaced", async () => {
    const { clock, requests, options } = stage(["0/0/5", "0/3/Bob", "9/2/*", "0/4/Cid", "0/6/", "0/8/17|0"]);
    const game = await clock.until(play(URL, "Ann", "*", Object.assign({ token: "t" }, options)));
    assert.deepEqual([game.partner, game.isHost, game.seat], ["Cid", false, 0]);
    assert.deepEqual(bodies(requests).slice(1, 4), ["2,*,5,*,*", "3,*,5,*,*", "2,*,5,*,*"]);
});

test("A client that stops waiting gives up its registration", async () => {
    const { clock, requests, options } = stage(["0/0/5"], ({ body }) => body.startsWith("1,") ? "0/1/*" : "silent");
    const stop = new AbortController();
    clock.after(100, () => stop.abort());
    const game = play(URL, "Ann", "Bob", Object.assign({ token: "t", signal: stop.signal }, options));
    await assert.rejects(clock.until(game), { name: "AbortError" });
    assert.deepEqual(bodies(requests), ["0,Ann,*,Bob,t", "2,*,5,*,*", "1,*,5,*,*"]);
});

test("The steps of play can be called one by one", async () => {
    const { clock, requests, options } = stage(["0/0/5", "0/3/Bob", "0/5/", "5/*/*"]);
    const player = new TurnClient(URL, options);
    await assert.rejects(player.pair(), /register first/);
    await player.register("Ann", { partner: "Bob", hasLongTimeout: true });
    assert.match(player.token, /^\d{4,40}$/);
    assert.deepEqual(await clock.until(player.pair()), { partner: "Bob", isHost: true });
    await player.load();
    await player.unregister();
    assert.deepEqual(bodies(requests),
        [`0,Ann,bibbybabbis,Bob,${player.token}`, "2,*,5,*,*", "3,*,5,*,*", "1,*,5,*,*"]);
});

test("A refused registration is a TurnError", async () => {
    const { clock, options } = stage(["11/*/*"]);
    await assert.rejects(clock.until(play(URL, "Ann", "*", options)), error => error instanceof TurnError
        && error.kind === "serverFull" && error.reply === "11/*/*");
});

test("Invalid arguments are refused before anything is sent", async () => {
    for (const [name, partner, options, error] of [["", "*", {}, "RangeError"], ["a,b", "*", {}, "RangeError"],
        ["x".repeat(65), "*", {}, "RangeError"], [7, "*", {}, "TypeError"], ["Ann", "", {}, "RangeError"],
        ["Ann", "*", { pool: "a#b" }, "RangeError"], ["Ann", "*", { token: "*" }, "RangeError"]]) {
        const { requests, options: others } = stage([]);
        await assert.rejects(play(URL, name, partner, Object.assign({}, others, options)), { name: error });
        assert.equal(requests.length, 0);
    }
    await assert.rejects(play("/relative", "Ann"), TypeError);
    await assert.rejects(play("http://u:secret@localhost/", "Ann"), error => !error.message.includes("secret"));
});

test("Invalid turns are refused, and the game goes on", async () => {
    const { clock, options } = stage(BEGINNING, ({ body }) => body.startsWith("6,ok,") ? "0/10/*" : "silent");
    const game = await clock.until(play(URL, "Ann", "*", Object.assign({ token: "t" }, options)));
    for (const turn of ["", "a|b", "\uD83C", "a\uDFB2b", "x".repeat(TURN_BYTES_MAX + 1), "€".repeat(6000)]) {
        for (const call of ["send", "post"]) await assert.rejects(game[call](turn), RangeError);
        assert.throws(() => game.save(turn), RangeError);
    }
    for (const turn of [7, null, undefined]) await assert.rejects(game.send(turn), TypeError);
    await clock.until(game.send("ok"));
});

test("A turn that is too long for the server is refused; a posted one ends the game", async () => {
    const { clock, options } = stage(BEGINNING, ({ body }) => body.includes("long") ? "20/*/*" : "0/10/*");
    const game = await clock.until(play(URL, "Ann", "*", Object.assign({ token: "t" }, options)));
    await assert.rejects(clock.until(game.send("long")), { reply: "20/*/*", kind: "invalidRequest" });
    await clock.until(game.send("ok"));
    assert.equal(game.ended, null);
    game.post("long");
    await assert.rejects(clock.until(game.send("ok")), { reply: "20/*/*" });
    assert.equal(game.ended, "20/*/*");
});

test("A saved game is one line that other clients read, and is resumed", async () => {
    const totals = { "Turn-Counter": "5", "Turns-Taken": "3", "Turns-Acknowledged": "2" };
    const { clock, requests, options } = stage([[400, "19/*/*", totals], [200, "0/11/b2|b3", totals]]);
    const game = await clock.until(resume(JSON.stringify(SAVED), options));
    assert.deepEqual(bodies(requests).slice(0, 2), ["6,,17,1,9223372036854775807", "6,,17,1,5"]);
    assert.equal(game.save("a3"), JSON.stringify({
        version: 1, url: URL, key: "17", seat: 1, partner: "Bob", isHost: false, counter: 5, taken: 3, last: ["a2"],
        unsent: ["a3"], received: 4, unread: ["b2", "b3"],
    }));
    assert.equal(game.missed, 0);
});

test("A game that is over cannot be resumed, unless there is something to read", async () => {
    const over = Object.assign({}, SAVED, { unread: [] });
    await assert.rejects(resume(JSON.stringify(over), stage(["13/*/*"]).options), { kind: "seatGone" });
    const game = await resume(JSON.stringify(SAVED), stage(["13/*/*"]).options), got = [];
    for await (const turn of game.turns()) got.push(turn);
    assert.deepEqual([got, game.ended], [["b2"], "13/*/*"]);
});

for (const [change, why] of [[{ version: 2 }, /version is 2/], [{ version: "1" }, /version/],
    [{ url: "ftp://localhost/" }, /URL/], [{ url: "/relative" }, /URL/], [{ url: "http://u:secret@h/" }, /password/],
    [{ key: 17 }, /key or seat/], [{ key: "" }, /key or seat/], [{ key: "1x" }, /key or seat/],
    [{ seat: 2 }, /key or seat/], [{ seat: "1" }, /key or seat/], [{ partner: null }, /partner/],
    [{ isHost: 1 }, /partner/], [{ counter: -2 }, /counts/], [{ counter: 1.5 }, /counts/],
    [{ counter: 2 ** 53 }, /counts/], [{ taken: 0 }, /counts/], [{ taken: "2" }, /counts/], [{ received: 0 }, /counts/],
    [{ last: "a1" }, /lists/], [{ unsent: [""] }, /empty/], [{ unsent: ["a|b"] }, /contains/],
    [{ unread: [7] }, /lists/], [{ unread: undefined }, /lists/]]) {
    test(`A saved game with ${JSON.stringify(change)} is refused`, async () => {
        const text = JSON.stringify(Object.assign({}, SAVED, change));
        await assert.rejects(resume(text), error => error instanceof TypeError && why.test(error.message)
            && !error.message.includes("secret"));
    });
}

test("Another text is no saved game", async () => {
    for (const text of ["", "{", "null", "7", "[]", null, undefined])
        await assert.rejects(resume(text), /not a saved game/);
});

test("waiting asks how many wait in a pool", async () => {
    const { requests, options } = stage([[200, "3 12"], [200, "<html>"], [503, "23/*/*"]]);
    assert.deepEqual(await waiting("http://localhost/turns/", "a&b", options), { count: 3, seconds: 12 });
    assert.equal(requests[0].url, "http://localhost/turns/waiting?pool=a%26b");
    await assert.rejects(waiting(URL, undefined, options), { kind: "notTurnServer" });
    await assert.rejects(waiting(URL, undefined, options), { kind: "serverBusy" });
    await assert.rejects(waiting(URL, "a,b", options), RangeError);
});

for (const [timing, message] of [[{ wiat: 1 }, "unknown option timing.wiat; did you mean timing.wait?"],
    [{ keepalive: 1 }, "unknown option timing.keepalive; did you mean timing.keepAlive?"],
    [{ wait: "1" }, "timing.wait must be a number of milliseconds from 0 to 1073741823"],
    [{ replyTimeout: -1 }, /^timing.replyTimeout must be/], [{ pollInterval: Infinity }, /^timing.pollInterval/]]) {
    test(`timing ${JSON.stringify(timing)} is refused`, async () => {
        await assert.rejects(play(URL, "Ann", "*", { timing }), { message });
        await assert.rejects(resume(JSON.stringify(SAVED), { timing }), { message });
        await assert.rejects(waiting(URL, "chess", { timing }), { message });
        assert.throws(() => new TurnClient(URL, { timing }), { message });
    });
}

test("An unknown option is refused, with the nearest known one", async () => {
    const player = new TurnClient(URL, stage(["0/0/5"]).options);
    await player.register("Ann");
    for (const [call, message] of [
        [() => play(URL, "Ann", "*", { polo: "chess" }), "unknown option polo; did you mean pool?"],
        [() => play(URL, "Ann", "*", { wait: 1000 }), "unknown option wait; did you mean timing.wait?"],
        [() => resume(JSON.stringify(SAVED), { savesEachturn: true }),
            "unknown option savesEachturn; did you mean savesEachTurn?"],
        [() => waiting(URL, "chess", { pool: "chess" }),
            "unknown option pool; there are savesEachTurn, timing, fetch, WebSocket, clock"],
        [() => player.register("Ann", { partners: "Bob" }), "unknown option partners; did you mean partner?"],
        [() => player.pair({ signals: null }), "unknown option signals; did you mean signal?"],
        [() => player.load({ signals: null }), /^unknown option/], [() => player.play({ signals: null }), /^unknown/],
        [() => player.unregister({ signals: null }), /^unknown option/],
    ]) await assert.rejects(async () => call(), error => error instanceof TypeError
        && (message instanceof RegExp ? message.test(error.message) : error.message === message));
});

test("An unknown name in the exported timing is refused as well", async () => {
    timing.holds = 0;
    try {
        assert.throws(() => new TurnClient(URL), /unknown option timing.holds/);
    } finally {
        delete timing.holds;
    }
});

test("The names of earlier versions still set the timing", async () => {
    const requestOf = async (options, limit) => {
        const { clock, requests, options: others } = stage(["0/0/5", "silent", "0/3/Bob"]);
        const player = new TurnClient(URL, Object.assign({}, others, options));
        await player.register("Ann");
        await clock.until(player.pair());
        assert.equal(clock.now(), limit);
        return requests[1].headers["Prefer"];
    };
    assert.equal(await requestOf({ timing: { hold: 3000, answer: 500, poll: 7 } }, 3500), "wait=3");
    const before = Object.assign({}, timing);
    try {
        Object.assign(timing, { hold: 0, answer: 900 });
        assert.equal(await requestOf({}, 900), undefined);
        assert.deepEqual(Object.assign({}, timing), Object.assign({}, before, { wait: 0, replyTimeout: 900 }));
    } finally {
        Object.assign(timing, before);
    }
});

const read = name => readFileSync(new global.URL(`../${name}`, import.meta.url), "utf8");

test("The page of the package has no link that leads out of it", () => {
    for (const [, link] of read("README.md").matchAll(/\]\(([^)]*)\)/g)) {
        if (!link.startsWith("https://")) assert.ok(!link.includes("..") && read(link), link);
    }
});

test("The types and the page give the timing as it is", () => {
    const types = read("turn-client.d.ts");
    for (const [name, value] of Object.entries(timing))
        assert.match(types, new RegExp(`\\b${value}(;[^.]*)?\\. \\*/\\s+${name}: number;`), name);
    for (const [, name] of read("README.md").matchAll(/\btiming\.(\w+)/g)) assert.ok(name in timing, name);
});
