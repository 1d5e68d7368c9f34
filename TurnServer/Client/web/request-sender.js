// Sends requests, and repeats the same bytes until a reply comes. That is safe because requests are
// idempotent (PROTOCOL.md, "The game" and "Pairing").

import { HttpTransport } from "./http-transport.js";
import { answered, lost, notTurnServer } from "./outcomes.js";
import { parseReply } from "./turn-error.js";
import { WebSocketTransport } from "./web-socket-transport.js";

// The reply of an abandoned request is most often on its way: waiting for it keeps the connection open.
const ABANDON_GRACE = 1000;

/** The clock and timers; tests replace them. */
export const systemClock = {
    now: () => performance.now(),
    after: (milliseconds, call) => {
        const timer = setTimeout(call, milliseconds);
        return () => clearTimeout(timer);
    },
};

/** Resolves after this time, or when the signal is aborted. */
export function sleep(clock, milliseconds, signal) {
    return new Promise(resolve => {
        const done = () => {
            cancel();
            if (signal) signal.removeEventListener("abort", done);
            resolve();
        };
        const cancel = clock.after(milliseconds, done);
        if (signal) signal.addEventListener("abort", done);
    });
}

/** Sends requests to one server, over HTTP or a WebSocket as its URL says. */
export class RequestSender {
    constructor(url, options) {
        const { timing, clock = systemClock } = options;
        const Transport = /^ws/.test(url) ? WebSocketTransport : HttpTransport;
        this.url = url;
        this.timing = timing;
        this.clock = clock;
        this._transport = new Transport(url, Object.assign({}, options, { clock }));
    }

    /**
     * Sends until there is a reply or the patience is over. Returns the outcome as a SeatMachine takes it, or null as
     * soon as the signal is aborted. wait: how long the server may hold the reply; received: bytes, or null.
     */
    async send({ body, wait = 0, received = null }, signal) {
        const { patience, firstPause, longestPause } = this.timing;
        let pause = 0, failedAt = null;
        for (;;) {
            if (signal && signal.aborted) return null;
            const outcome = await this._attempt(wait, signal,
                aborted => this._transport.exchange({ body, wait, received }, aborted));
            if (signal && signal.aborted) return null;
            if (outcome.isFinal) return outcome;
            if (failedAt === null) failedAt = this.clock.now();
            // With jitter, so that after a restart not all clients come back at the same instant.
            const spread = (outcome.retryAfter || 0) + pause * (0.5 + Math.random() / 2);
            if (this.clock.now() - failedAt + spread > patience) return outcome;
            // The first repetition is immediate: most often an idle connection was closed.
            if (spread > 0) await sleep(this.clock, spread, signal);
            pause = pause ? Math.min(2 * pause, longestPause) : firstPause;
        }
    }

    /** Asks once how many players wait in a pool; query is "" or "?pool=…". The URL is one of HTTP. */
    async getWaiting(query) {
        const url = new URL(`waiting${query}`, this.url).href;
        const read = ({ status }, text) => {
            const line = status === 200 && /^(\d{1,15}) (\d{1,15})$/.exec(text);
            if (line) return { count: Number(line[1]), seconds: Number(line[2]) };
            const reply = parseReply(text);
            return reply && reply.error ? answered(reply) : notTurnServer(`it answers ${status} to GET /waiting`, text);
        };
        const { count, seconds, fault } = await this._attempt(0, null,
            signal => this._transport.ask(url, { signal }, read));
        if (fault) throw fault;
        return { count, seconds };
    }

    /** Closes the connection, if it is kept. A further request opens another. */
    close() {
        this._transport.close();
    }

    // Null as soon as the signal is aborted; the request itself then has a second more.
    _attempt(wait, signal, exchange) {
        const controller = new AbortController(), limit = wait + this.timing.replyTimeout;
        let cancelLimit, cancelGrace = () => {};
        return new Promise(resolve => {
            const abandon = () => {
                cancelLimit();
                cancelGrace = this.clock.after(ABANDON_GRACE, () => controller.abort());
                resolve(null);
            };
            let isOverdue = false;
            cancelLimit = this.clock.after(limit, () => {
                isOverdue = true;
                controller.abort();
                this._transport.noteOverdue();
            });
            if (signal) signal.addEventListener("abort", abandon);
            exchange(controller.signal).then(outcome => {
                cancelLimit();
                cancelGrace();
                if (signal) signal.removeEventListener("abort", abandon);
                resolve(isOverdue ? lost(`no answer within ${limit / 1000} s`) : outcome);
            });
        });
    }
}
