// Plays the steps of TurnServer.Tests/Client/Vectors/README.md against a SeatMachine. Times are in seconds.

import { SeatMachine } from "../seat-machine.js";
import { TurnError, parseReply } from "../turn-error.js";
import { timing } from "../turn-client.js";

export class VectorSeat {
    constructor({ key = "17", seat = "0", wait = 15, keepAlive = 5, pollInterval = 1, savesEachTurn = false },
        saved = null) {
        const times = { wait: wait * 1000, keepAlive: keepAlive * 1000, pollInterval: pollInterval * 1000 };
        this.machine = new SeatMachine({
            key, seat, savesEachTurn, saved, timing: Object.assign({}, timing, times),
        });
        this._outcomes = new Map();
        this._now = 0;
    }

    send(turn) {
        this._outcomes.set(turn, "pending");
        this.machine.outbox.put({ turn, onTaken: fault => this._outcomes.set(turn, fault ? "refused" : "taken") });
    }

    post(turn) {
        this.machine.outbox.put({ turn });
    }

    receive() {
        this.machine.isReading = this.machine.inbox.unread.length === 0;
    }

    quit() {
        this.machine.outbox.isLast = true;
    }

    saved() {
        this.machine.noteSaved(this.machine.inbox.received);
    }

    elapse(seconds) {
        this._now += seconds * 1000;
    }

    reply(text, isHeld, turnCounter, taken, acknowledged) {
        const totals = taken === null ? null : { taken, acknowledged };
        const reply = Object.assign(parseReply(text), { isHeld, turnCounter, totals, partnerSilent: null });
        this.machine.complete({ reply, fault: reply.error ? new TurnError(text) : null }, this._now);
    }

    unreachable() {
        const fault = new TurnError("no reply from the server", "lost", "unreachable");
        this.machine.complete({ reply: null, fault }, this._now);
    }

    abandon() {
        if (!this.machine.shouldAbandon) throw new Error("there is nothing to send");
        this.machine.abandon(this._now);
    }

    next() {
        const step = this.machine.next(this._now);
        if (step.isOver) this.machine.outbox.drop(this.machine.ended);
        return step;
    }

    save() {
        const { outbox, inbox, counter } = this.machine;
        return Object.assign(outbox.content(), { counter, received: inbox.received, unread: inbox.unread });
    }

    read() {
        const { inbox } = this.machine, turns = [];
        while (inbox.unread.length) turns.push(inbox.take());
        if (turns.length) this.machine.isReading = false;
        return turns;
    }

    outcome(turn) {
        return this._outcomes.get(turn);
    }

    get ended() {
        return this.machine.ended ? this.machine.ended.error : 0;
    }

    get missed() {
        return this.machine.missed;
    }
}
