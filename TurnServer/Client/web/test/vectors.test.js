// The test vectors that clients in all languages share.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { VectorSeat } from "./vector-seat.js";

const FILE = new URL("../../../../TurnServer.Tests/Client/Vectors/seat.json", import.meta.url);

// {x*3} stands for xxx.
const expand = text => text.replace(/\{(.)\*(\d+)\}/g, (_, letter, count) => letter.repeat(Number(count)));
const expandAll = ({ last, unsent, unread, ...counts }) =>
    ({ ...counts, last: last.map(expand), unsent: unsent.map(expand), unread: unread.map(expand) });

const checks = {
    request(seat, body, { wait = 0, received = null }) {
        const { request } = seat.next();
        assert.deepEqual({ body: request.body, wait: request.wait / 1000, received: request.received },
            { body: expand(body), wait, received });
    },
    pause: (seat, seconds) => assert.deepEqual(seat.next(), { pause: seconds * 1000 }),
    stop: seat => assert.deepEqual(seat.next(), { isOver: true }),
    read: (seat, turns) => assert.deepEqual(seat.read(), turns.map(expand)),
    save: (seat, saved) => assert.deepEqual(seat.save(), expandAll(saved)),
    ended: (seat, error) => assert.equal(seat.ended, error),
    missed: (seat, count) => assert.equal(seat.missed, count),
    reply(seat, text, { held = false, "turn-counter": counter = null, "turns-taken": taken = null,
        "turns-acknowledged": acknowledged = null }) {
        seat.reply(expand(text), held, counter, taken, acknowledged);
    },
};
for (const outcome of ["taken", "refused", "pending"])
    checks[outcome] = (seat, turns) => turns.forEach(turn => assert.equal(seat.outcome(expand(turn)), outcome, turn));
for (const action of ["send", "post"]) checks[action] = (seat, turn) => seat[action](expand(turn));
for (const action of ["receive", "quit", "saved", "elapse", "unreachable", "abandon"])
    checks[action] = (seat, value) => seat[action](value);

for (const { name, options = {}, saved = null, steps } of JSON.parse(readFileSync(FILE, "utf8"))) {
    test(name, () => {
        const seat = new VectorSeat(options, saved && expandAll(saved));
        steps.forEach((step, i) => {
            const [kind, value] = Object.entries(step)[0];
            try {
                checks[kind](seat, value, step);
            } catch (error) {
                error.message = `step ${i + 1}, ${JSON.stringify(step)}: ${error.message}`;
                throw error;
            }
        });
    });
}
