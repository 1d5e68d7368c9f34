// Why a call failed, or why a game is over.

const NAME_RULE = "1 to 64 characters, no control characters, no comma";

// By the server's error code.
const FAULTS = {
    1: ["invalidRequest", "the request had no usable length"],
    2: ["invalidRequest", "the request was empty or not UTF-8"],
    3: ["invalidRequest", "the server does not know this player's address"],
    4: ["invalidRequest", "the request is malformed"],
    5: ["registrationGone", "the server does not know this registration (any more)"],
    7: ["invalidRequest", `invalid name: ${NAME_RULE}`],
    9: ["partnerLeftEarly", "the partner left before the game"],
    10: ["registrationGone", "the server dropped this player for being out of step"],
    11: ["serverFull", "the server has no room for more players"],
    12: ["serverFull", "the server has no room for more games"],
    13: ["seatGone", "the server does not know this game (any more)"],
    14: ["seatGone", "this player has left the game, or was silent too long"],
    15: ["partnerLeft", "the partner fell silent and was dropped"],
    16: ["invalidRequest", `invalid name of the partner: ${NAME_RULE}`],
    17: ["registrationGone", "the requested partner left before the game, which ended this registration"],
    18: ["outOfStep", "the server has taken a later turn of this player"],
    19: ["outOfStep", "the server has not taken this player's last turn"],
    20: ["invalidRequest", "the turn is longer than the server or a proxy in front of it accepts"],
    21: ["serverBusy", "the partner has not collected what was sent before"],
    22: ["serverBusy", "too many requests or players from this address"],
    23: ["serverBusy", "the server is overloaded or cannot write its state"],
};

// Codes of successful replies are below this.
const CODES = 12;

/** The reply to a 5, and why a game is over that this player has left. */
export const QUIT = "0/1/*";

/** Reads a reply: { text, error, detail, code, data }, or null if it is not one of the protocol's. */
export function parseReply(text) {
    const [, first, second, data] = /^(\d{1,3})\/(\d{1,3}|\*)\/([^]*)$/.exec(text) || [];
    if (first === undefined) return null;
    const error = Number(first), detail = second === "*" ? null : Number(second);
    if (error === 0)
        return detail === null || detail >= CODES ? null : { text, error, detail: null, code: detail, data };
    return FAULTS[error] && data === "*" ? { text, error, detail, code: null, data: "" } : null;
}

/**
 * Thrown when the game is over or cannot begin. reply is the server's, such as "15/5/*" (the partner has quit), or a
 * proxy's page or a text if there was none; kind says what can be done about it; message is for users.
 */
export class TurnError extends Error {
    constructor(reply, message, kind) {
        const parsed = parseReply(reply), { error = 0, detail = null } = parsed || {};
        let [known, meaning] = FAULTS[error] || ["seatGone", "this player has left the game"];
        if (error === 15 && detail !== null) meaning = "the partner has left";
        super(message || (parsed ? `${meaning} (${reply})` : `the game is over or cannot begin: ${reply}`));
        this.name = "TurnError";
        this.reply = reply;
        this.kind = kind || (parsed ? known : "notTurnServer");
        this.error = error;
        this.detail = detail;
    }
}
