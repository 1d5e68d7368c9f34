// What comes of sending a request once: { reply, fault, isFinal, retryAfter }. A request whose outcome is not final is
// repeated.

import { TurnError, parseReply } from "./turn-error.js";

// The codes of successful replies, by the request's symbol. The old server replied 10 to 1 and 5.
const ANSWERS = [[0], [1, 10], [2, 3, 4], [5, 6], [7, 8], [1, 10], [9, 10, 11]];

const RATE_LIMITED = 22, SERVER_BUSY = 23;

// The server asks for a second; do not wait for hours because a proxy says so.
const RETRY_AFTER_MAX = 5000;

/** A reply that needs no further look. */
export const answered = reply => ({ reply, fault: reply.error ? new TurnError(reply.text) : null, isFinal: true });

/** No reply has come. page is what came instead, if anything. */
export const lost = (why, page) => ({
    reply: null, isFinal: false,
    fault: new TurnError(page || "no reply from the server", `the server cannot be reached: ${why}`, "unreachable"),
});

/** Something else has answered. */
export const notTurnServer = (why, page = "no turn server") => ({
    reply: null, isFinal: true, fault: new TurnError(page, `this is not a turn server: ${why}`, "notTurnServer"),
});

/** Whether this status comes from a proxy whose server is down for a moment, or that limits this address's rate. */
export const isTransient = status => (status >= 500 && status !== 501) || status === 408 || status === 429;

/** Null if the text is no number: something on the way has made it unreadable. 15 digits are exact in a double. */
export const numberOf = text => typeof text === "string" && /^-?\d{1,15}$/.test(text) ? Number(text) : null;

/**
 * The outcome for a reply; null if the text is none. parameters: what comes beside it, as text or null: wait, counter,
 * taken, acknowledged, silent and retry, as a WebSocket names them.
 */
export function outcomeOf(symbol, text, { wait, counter, taken, acknowledged, silent, retry }) {
    const reply = parseReply(text), totals = { taken: numberOf(taken), acknowledged: numberOf(acknowledged) };
    if (!reply) return null;
    Object.assign(reply, {
        isHeld: typeof wait === "string",
        turnCounter: numberOf(counter),
        totals: totals.taken === null || totals.acknowledged === null ? null : totals,
        partnerSilent: numberOf(silent),
    });
    if (reply.error === RATE_LIMITED || reply.error === SERVER_BUSY) {
        const retryAfter = Math.min(1000 * Math.max(0, numberOf(retry)), RETRY_AFTER_MAX);
        return { reply, fault: new TurnError(text), isFinal: false, retryAfter };
    }
    return reply.error || ANSWERS[symbol].includes(reply.code) ? answered(reply)
        : notTurnServer(`it answers ${text.slice(0, 40)} to symbol ${symbol}`, text);
}
