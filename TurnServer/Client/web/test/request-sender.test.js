// The request sender: repetitions, patience, proxies, abandoned requests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestSender } from "../request-sender.js";
import { timing } from "../turn-client.js";
import { FakeClock, fakeFetch } from "./fakes.js";

const UPDATE = { body: "6,,17,0,3", wait: 15000, received: 7 };

function start(answers, signal, request = UPDATE) {
    const clock = new FakeClock(), requests = [], times = [];
    const fetch = fakeFetch((_, number) => {
        times.push(clock.now());
        return answers[Math.min(number, answers.length) - 1];
    }, requests);
    const sender = new RequestSender("http://localhost/", { timing, fetch, clock });
    return { clock, requests, times, outcome: clock.until(sender.send(request, signal)) };
}

test("A request has its headers, and a reply its", async () => {
    const { requests, outcome } = start([[200, "0/9/b|c", {
        "Preference-Applied": "wait=15", "Turn-Counter": "-1", "Turns-Taken": "2", "Turns-Acknowledged": "3",
        "Partner-Silent": "4",
    }]]);
    const { reply, fault } = await outcome;
    assert.equal(fault, null);
    assert.deepEqual(reply, {
        text: "0/9/b|c", error: 0, detail: null, code: 9, data: "b|c", isHeld: true, turnCounter: -1,
        totals: { taken: 2, acknowledged: 3 }, partnerSilent: 4,
    });
    assert.deepEqual(requests, [{
        url: "http://localhost/", body: "6,,17,0,3",
        headers: { "Content-Type": "text/plain", "Prefer": "wait=15", "Turn-Received": "7" },
    }]);
});

test("Without a wait and a block there are no further headers", async () => {
    const { requests, outcome } = start(["0/10/*"], undefined, { body: "6,,17,0,0" });
    const { reply } = await outcome;
    assert.deepEqual(requests[0].headers, { "Content-Type": "text/plain" });
    assert.deepEqual([reply.isHeld, reply.turnCounter, reply.totals, reply.partnerSilent], [false, null, null, null]);
});

test("A lost request is repeated with the same bytes, at once and then with growing pauses", async () => {
    const { requests, times, outcome } = start(["lost", "lost", "lost", "lost", "0/10/*"]);
    assert.equal((await outcome).reply.code, 10);
    assert.equal(new Set(requests.map(request => JSON.stringify(request))).size, 1);
    const pauses = times.slice(1).map((time, i) => time - times[i]);
    assert.equal(pauses[0], 0);
    [50, 100, 200].forEach((longest, i) => {
        const pause = pauses[i + 1];
        assert.ok(pause >= longest / 2 && pause <= longest, `pause ${i + 2} is ${pause} ms`);
    });
});

test("A request without an answer is lost when the wait and the reply timeout are over", async () => {
    const { times, outcome } = start(["silent", "0/10/*"]);
    await outcome;
    assert.deepEqual(times, [0, 20000]);
});

test("Patience counts from the first loss", async () => {
    const { clock, outcome } = start(["silent"]);
    const { reply, fault } = await outcome;
    assert.equal(reply, null);
    assert.equal(fault.kind, "unreachable");
    assert.match(fault.message, /no answer within 20 s/);
    assert.ok(clock.now() >= 50000 && clock.now() <= 70000, `${clock.now()} ms`);
});

for (const [answer, name] of [[[429, "22/*/*"], "Over the rate limit"], [[503, "23/*/*"], "A busy server"],
    [[502, "<html>Bad Gateway"], "A proxy without its server"], [[500, ""], "A proxy's error"],
    [[408, ""], "A proxy's timeout"], [[429, "slow down"], "A proxy's rate limit"]]) {
    test(`${name}: the request is repeated`, async () => {
        const { requests, outcome } = start([answer, answer, "0/10/*"]);
        assert.equal((await outcome).fault, null);
        assert.equal(requests.length, 3);
    });
}

test("A server that stays busy is a fault once the patience is over", async () => {
    const { outcome } = start([[503, "23/*/*"]]);
    const { fault } = await outcome;
    assert.deepEqual([fault.kind, fault.reply, fault.error], ["serverBusy", "23/*/*", 23]);
});

test("Retry-After is respected, up to 5 s", async () => {
    const { times, outcome } = start([[429, "22/*/*", { "Retry-After": "1" }],
        [429, "22/*/*", { "Retry-After": "3600" }], "0/10/*"]);
    await outcome;
    assert.equal(times[1], 1000);
    assert.ok(times[2] >= 6025 && times[2] <= 6050, `${times[2]} ms`);
});

test("413 of a proxy counts as the reply 20", async () => {
    const { outcome } = start([[413, "<html>too large"]]);
    const { reply, fault } = await outcome;
    assert.deepEqual([reply.error, fault.reply, fault.kind], [20, "20/*/*", "invalidRequest"]);
});

for (const [answer, name] of [[[200, "<html>hello"], "A page"], [[404, "not found"], "A missing page"],
    [[501, ""], "501"], [[200, "0/12/*"], "An unknown code"], [[200, "0/3/Bob"], "The answer to another request"],
    [[400, "6/*/*"], "A reserved error"], [[400, "13/*/x"], "An error with data"], [[200, "0/10"], "Half a reply"]]) {
    test(`${name}: it is not a turn server`, async () => {
        const { requests, outcome } = start([answer]);
        const { fault } = await outcome;
        assert.deepEqual([fault.kind, fault.reply, fault.error], ["notTurnServer", answer[1], 0]);
        assert.equal(requests.length, 1);
    });
}

test("A refusal is final, and says what it means", async () => {
    const { outcome } = start(["15/5/*"]);
    const { fault } = await outcome;
    assert.deepEqual([fault.kind, fault.error, fault.detail, fault.message],
        ["partnerLeft", 15, 5, "the partner has left (15/5/*)"]);
});

test("An abandoned request ends at once, and its outcome is ignored", async () => {
    const abandon = new AbortController();
    const { clock, requests, outcome } = start(["silent"], abandon.signal);
    clock.after(100, () => abandon.abort());
    assert.equal(await outcome, null);
    assert.equal(clock.now(), 100);
    assert.equal(requests.length, 1);
});

test("An abandoned request has a second more for its reply, which keeps its connection open", async () => {
    for (const replyAfter of [null, 900]) {
        const abandon = new AbortController(), clock = new FakeClock();
        let signal, answer;
        const fetch = (_, request) => new Promise((resolve, reject) => {
            ({ signal } = request);
            signal.addEventListener("abort", () => reject(new Error("aborted")));
            answer = () => resolve({ status: 200, headers: new Headers(), text: async () => "0/10/*" });
        });
        const sent = new RequestSender("http://localhost/", { timing, fetch, clock }).send(UPDATE, abandon.signal);
        abandon.abort();
        assert.equal(await sent, null);
        if (replyAfter) clock.after(replyAfter, answer);
        await clock.until(new Promise(resolve => clock.after(999, resolve)));
        assert.equal(signal.aborted, false);
        await clock.until(new Promise(resolve => clock.after(1, resolve)));
        assert.equal(signal.aborted, replyAfter === null);
    }
});

test("A request is not repeated if it is abandoned during a pause", async () => {
    const abandon = new AbortController();
    const { clock, requests, outcome } = start([[429, "22/*/*", { "Retry-After": "5" }]], abandon.signal);
    clock.after(100, () => abandon.abort());
    assert.equal(await outcome, null);
    assert.equal(clock.now(), 100);
    assert.equal(requests.length, 1);
});
