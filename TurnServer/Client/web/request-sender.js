// Sends requests over fetch, and repeats the same bytes until a reply comes. That is safe because requests are
// idempotent (PROTOCOL.md, "The game" and "Pairing").

import { TurnError, parseReply } from "./turn-error.js";

// The codes of successful replies, by the request's symbol. The old server replied 10 to 1 and 5.
const ANSWERS = [[0], [1, 10], [2, 3, 4], [5, 6], [7, 8], [1, 10], [9, 10, 11]];

const RATE_LIMITED = 22, SERVER_BUSY = 23;

// The server asks for a second; do not wait for hours because a proxy says so.
const RETRY_AFTER_MAX = 5000;

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

// Null if there is no such header, or something on the way has made it unreadable. 15 digits are exact in a double.
function numberOf(headers, name) {
    const text = headers.get(name);
    return text !== null && /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

const answered = reply => ({ reply, fault: reply.error ? new TurnError(reply.text) : null, isFinal: true });
const lost = (why, page) => ({
    reply: null, isFinal: false,
    fault: new TurnError(page || "no reply from the server", `the server cannot be reached: ${why}`, "unreachable"),
});
const notTurnServer = (why, page) => ({
    reply: null, isFinal: true, fault: new TurnError(page, `this is not a turn server: ${why}`, "notTurnServer"),
});

// What an answer means for a request: { reply, fault, isFinal, retryAfter }.
function judge(symbol, { status, headers }, text) {
    const reply = parseReply(text);
    if (!reply) {
        // Chromium takes an answer whose headers are cut short for complete.
        if (text === "" && status === 200) return lost("the answer was empty");
        if (status === 0) return notTurnServer("it redirects", text);
        // From a proxy whose server is down for a moment, or that limits this address's rate.
        if ((status >= 500 && status !== 501) || status === 408 || status === 429)
            return lost(`the answer was ${status}`, text);
        // From a proxy whose limit is lower than the server's.
        if (status === 413) return answered(parseReply("20/*/*"));
        return notTurnServer(`it answers ${status}, but not like a turn server`, text);
    }
    const taken = numberOf(headers, "Turns-Taken"), acknowledged = numberOf(headers, "Turns-Acknowledged");
    Object.assign(reply, {
        isHeld: headers.has("Preference-Applied"),
        turnCounter: numberOf(headers, "Turn-Counter"),
        totals: taken === null || acknowledged === null ? null : { taken, acknowledged },
        partnerSilent: numberOf(headers, "Partner-Silent"),
    });
    if (reply.error === RATE_LIMITED || reply.error === SERVER_BUSY) {
        const retryAfter = Math.min(1000 * Math.max(0, numberOf(headers, "Retry-After")), RETRY_AFTER_MAX);
        return { reply, fault: new TurnError(text), isFinal: false, retryAfter };
    }
    return reply.error || ANSWERS[symbol].includes(reply.code) ? answered(reply)
        : notTurnServer(`it answers ${text.slice(0, 40)} to symbol ${symbol}`, text);
}

/** Sends requests to one server. */
export class RequestSender {
    /** fetch: sends one request, as the global function does. */
    constructor(url, { timing, fetch: transport = (...request) => fetch(...request), clock = systemClock }) {
        this.url = url;
        this.timing = timing;
        this.clock = clock;
        this._fetch = transport;
    }

    /**
     * Sends until there is a reply or the patience is over. Returns the outcome as a SeatMachine takes it, or null as
     * soon as the signal is aborted. wait: how long the server may hold the reply; received: bytes, or null.
     */
    async send({ body, wait = 0, received = null }, signal) {
        const { patience, firstPause, longestPause } = this.timing, symbol = Number(body[0]);
        const headers = { "Content-Type": "text/plain" };
        if (wait >= 1000) headers["Prefer"] = `wait=${Math.floor(wait / 1000)}`;
        if (received !== null) headers["Turn-Received"] = String(received);
        let pause = 0, failedAt = null;
        for (;;) {
            if (signal && signal.aborted) return null;
            const request = { method: "POST", body, headers, redirect: "manual", cache: "no-store" };
            const outcome = await this._attempt(request, wait, signal,
                (response, text) => judge(symbol, response, text));
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

    /** Asks once how many players wait in a pool; query is "" or "?pool=…". */
    async getWaiting(query) {
        const url = new URL(`waiting${query}`, this.url).href;
        const { count, seconds, fault } = await this._attempt({}, 0, null, ({ status }, text) => {
            const line = status === 200 && /^(\d{1,15}) (\d{1,15})$/.exec(text);
            if (line) return { count: Number(line[1]), seconds: Number(line[2]) };
            const reply = parseReply(text);
            return reply && reply.error ? answered(reply) : notTurnServer(`it answers ${status} to GET /waiting`, text);
        }, url);
        if (fault) throw fault;
        return { count, seconds };
    }

    // Null as soon as the signal is aborted; the request itself then has a second more.
    _attempt(request, wait, signal, read, url = this.url) {
        const controller = new AbortController(), limit = wait + this.timing.replyTimeout, cancels = [];
        const giveUpAfter = milliseconds => cancels.push(this.clock.after(milliseconds, () => controller.abort()));
        return new Promise(resolve => {
            const abandon = () => {
                giveUpAfter(ABANDON_GRACE);
                resolve(null);
            };
            giveUpAfter(limit);
            if (signal) signal.addEventListener("abort", abandon);
            const cancellable = Object.assign({ signal: controller.signal }, request);
            this._exchange(url, cancellable, limit, read).then(outcome => {
                cancels.forEach(cancel => cancel());
                if (signal) signal.removeEventListener("abort", abandon);
                resolve(outcome);
            });
        });
    }

    async _exchange(url, request, limit, read) {
        try {
            const response = await this._fetch(url, request);
            return read(response, await response.text());
        } catch (error) {
            const why = error.cause ? `${error.message}: ${error.cause.message || error.cause.code}` : error.message;
            return lost(request.signal.aborted ? `no answer within ${limit / 1000} s` : why);
        }
    }
}
