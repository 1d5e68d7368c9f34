// What one seat holds: the turns to send, the turns to read, and the part of the server's block that has arrived.

// The server keeps at most this many bytes of turns for a seat.
export const BACKLOG_BYTES_MAX = 131072;

const TOO_LONG = 20;

// With as many turns in the outbox, post() waits.
const QUEUED_TURNS_MAX = 64;

const encoder = new TextEncoder();

/** The length of a text in UTF-8. */
export const bytesOf = text => encoder.encode(text).length;

// Both take turns that are joined by |. The first turns, without the separator behind them.
const countOf = turns => turns === "" ? 0 : turns.split("|").length;
const firstOf = (turns, count) => turns.split("|").slice(0, Math.max(0, count)).join("|");

/**
 * The turns that the server has not taken: those of the batch under way, and those that wait to be sent. An entry is
 * { turn, onTaken, onQueued }: onTaken is called with null once the server has taken the turn, else with the fault; a
 * turn without onTaken ends the game if the server refuses it. onQueued is called once there is room for the turn.
 */
export class Outbox {
    constructor({ taken = 0, last = [], unsent = [] }) {
        this.taken = taken;         // how many turns the server has taken
        this.batch = [];            // the turns of the update under way
        this.isLast = false;        // whether no more turns will be added
        this._last = last;          // the last taken batch, in case the server has lost it
        this._waiting = unsent.map(turn => ({ turn }));
    }

    get hasTurns() {
        return this._waiting.length > 0;
    }

    get isFinished() {
        return this.isLast && !this.hasTurns;
    }

    put(entry) {
        this._waiting.push(entry);
        this._admit();
    }

    /** Moves the next turn, and as many more as fit into this many bytes, to the batch. */
    takeBatch(bytesMax) {
        let bytes = 0;
        while (this.hasTurns) {
            const length = bytesOf(this._waiting[0].turn);
            if (this.batch.length && bytes + length > bytesMax) break;
            this.batch.push(this._waiting.shift());
            bytes += length + 1;
        }
        this._admit();
    }

    /** Puts the batch back, ahead of all other turns. */
    returnBatch() {
        this._waiting.unshift(...this.batch);
        this.batch = [];
    }

    /**
     * The server has taken the whole batch, or refused it with this fault. If the game is over, its turns stay for a
     * saved game: who could not reach the server may come back.
     */
    completeBatch(fault) {
        const done = this.batch;
        this.batch = [];
        if (!fault && done.length) {
            this.taken += done.length;
            this._last = done.map(({ turn }) => turn);
        }
        if (fault && fault.error !== TOO_LONG) this._waiting.unshift(...done.map(({ turn }) => ({ turn })));
        done.forEach(({ onTaken }) => onTaken && onTaken(fault));
    }

    /** The server says how many turns it has taken. Returns false if it has lost more than are known here. */
    trySetTaken(taken) {
        this.returnBatch();
        const more = taken - this.taken;
        if (-more > this._last.length) return false;
        if (more < 0) {
            this._waiting.unshift(...this._last.slice(more).map(turn => ({ turn })));
            this._last = [];
        }
        this.batch = this._waiting.splice(0, Math.max(0, more));
        this._admit();
        this.completeBatch(null);
        this.taken = taken;         // more may have been taken than were saved
        return true;
    }

    /** The game is over: tells those who wait. */
    drop(fault) {
        this.isLast = true;
        this.returnBatch();
        const dropped = this._waiting;
        this._waiting = dropped.map(({ turn }) => ({ turn }));
        dropped.forEach(({ onTaken, onQueued }) => [onTaken, onQueued].forEach(call => call && call(fault)));
    }

    /** What a saved game keeps. */
    content() {
        const unsent = this.batch.concat(this._waiting).map(({ turn }) => turn);
        return { taken: this.taken, last: this._last, unsent };
    }

    // There is room for the batch and the first turns behind it.
    _admit() {
        for (const entry of this.batch.concat(this._waiting.slice(0, QUEUED_TURNS_MAX))) {
            if (entry.onQueued) entry.onQueued(null);
            entry.onQueued = null;
        }
    }
}

/** Turns that have arrived and wait to be read. */
export class Inbox {
    constructor({ received = 0, unread = [] }) {
        this.received = received;           // how many turns have arrived since the game began
        this.unread = unread.slice();
        this._bytes = unread.reduce((bytes, turn) => bytes + bytesOf(turn) + 1, 0);
    }

    /** Whether there is room for another block. */
    get hasRoom() {
        return this._bytes < BACKLOG_BYTES_MAX;
    }

    put(joined) {
        this._bytes += bytesOf(joined) + 1;
        for (const turn of joined.split("|")) {
            this.received++;
            this.unread.push(turn);
        }
    }

    take() {
        const turn = this.unread.shift();
        this._bytes -= bytesOf(turn) + 1;
        return turn;
    }
}

/**
 * The part of the current block that has been delivered. A block only grows, and the part that is not acknowledged
 * begins the next one (PROTOCOL.md, "The game"): whatever follows the delivered part is new.
 */
export class ReceivedBlock {
    constructor() {
        this.text = "";
        this.acknowledged = 0;      // how many of the partner's turns come before the block
        this.missed = 0;            // turns that were acknowledged before a resumed game had them
        this._known = 0;            // turns at its beginning that were delivered before the game was resumed
    }

    /** Resumes a game that was saved with this many received turns; the server says how many are acknowledged. */
    resume(acknowledged, received) {
        this.text = "";
        this.acknowledged = acknowledged;
        this._known = Math.max(0, received - acknowledged);
        this.missed += Math.max(0, acknowledged - received);
    }

    /** The beginning of the block that consists of the partner's first turns, counted since the game began. */
    upTo(turns) {
        return firstOf(this.text, turns - this.acknowledged);
    }

    /** The server has taken an update that acknowledges the block's beginning: the rest begins the next block. */
    acknowledge(beginning) {
        const turns = countOf(beginning);
        this.acknowledged += turns;
        this._known = Math.max(0, this._known - turns);
        if (turns) this.text = this.text.slice(beginning.length + 1);
    }

    /** Takes a reply's turns; returns the new ones, joined by |, or null if there are none. */
    grow(data) {
        if (data.length <= this.text.length) return null;
        const old = Math.max(this.text.length, firstOf(data, this._known).length);
        this.text = data;
        if (old === data.length) return null;
        return old ? data.slice(old + 1) : data;
    }
}
