// Checks what the game passes in, before anything is sent.

import { TURN_BYTES_MAX } from "./seat-machine.js";
import { bytesOf } from "./seat-queues.js";

const SCHEMES = "http://, https://, ws:// or wss://";

// A page may name its own server by a relative URL.
function baseOfPage() {
    if (typeof document !== "undefined") return document.baseURI;
    return typeof self !== "undefined" && self.location ? self.location.href : undefined;
}

/** The server's address. Errors do not repeat the URL, which may contain a password. */
export function addressOf(url) {
    let address = { hostname: "" };
    try {
        address = new URL(url, baseOfPage());
    } catch (error) {
        // Reported below.
    }
    if (address.username || address.password) throw new TypeError("the server's URL contains a user name or password");
    // Chromium accepts a space in the host name.
    if (!address.href || address.hostname.includes("%"))
        throw new TypeError("the server's URL is invalid; expected a URL such as http://localhost:8080/");
    if (!/^(https?|wss?):$/.test(address.protocol))
        throw new TypeError(`the server's URL must begin with ${SCHEMES}`);
    address.hash = "";
    return address.href;
}

/** Normalizes a name: the server compares bytes, and Unicode can spell the same name in several ways. */
export function nameOf(text, whose) {
    if (typeof text !== "string") throw new TypeError(`${whose} name must be a string`);
    const name = text.trim().normalize("NFC");
    if (!/^[^\u0000-\u001f\u007f-\u009f,\uD800-\uDFFF]{1,64}$/u.test(name))
        throw new RangeError(`${whose} name must have 1 to 64 characters, no control characters and no comma`);
    return name;
}

/** A pool, as it follows the * of a registration. */
export function poolOf(pool) {
    if (pool === undefined || pool === null) return "";
    if (typeof pool !== "string" || !/^[!-~]{1,32}$/.test(pool) || /[,#]/.test(pool))
        throw new RangeError("a pool must have 1 to 32 visible ASCII characters, no comma and no #");
    return `#${pool}`;
}

/** A registration's token. */
export function tokenOf(token) {
    if (typeof token !== "string" || !/^[!-)+\-./0-~]{1,64}$/.test(token))
        throw new RangeError("a token must have 1 to 64 visible ASCII characters, no comma and no *");
    return token;
}

/** Why a turn cannot be sent; null when it can. */
export function faultOf(turn) {
    if (typeof turn !== "string") return new TypeError("a turn must be a string");
    if (turn === "") return new RangeError("a turn cannot be empty");
    if (turn.includes("|")) return new RangeError("a turn cannot contain |, which separates turns on the wire");
    if (/[\uD800-\uDFFF]/u.test(turn)) return new RangeError("a turn cannot contain half of a surrogate pair");
    const bytes = bytesOf(turn);
    return bytes <= TURN_BYTES_MAX ? null
        : new RangeError(`a turn must have at most ${TURN_BYTES_MAX} bytes; this one has ${bytes}`);
}

/** Reads a saved game, of this client or one in another language; the TypeError says what is wrong with it. */
export function savedGameOf(text) {
    let saved = null;
    try {
        saved = JSON.parse(text);
    } catch (error) {
        // Reported below.
    }
    const why = saved === null || typeof saved !== "object" ? "it is not a JSON object" : whatIsWrongWith(saved);
    if (why) throw new TypeError(`this is not a saved game: ${why}`);
    return Object.assign({}, saved, { url: addressOf(saved.url) });
}

function whatIsWrongWith({ version, url, key, seat, partner, isHost, counter, taken, last, unsent, received, unread }) {
    const isText = value => typeof value === "string";
    if (version !== 1) return `its version is ${version}, not 1`;
    if (!isText(url) || !/^(https?|wss?):/i.test(url)) return `its URL does not begin with ${SCHEMES}`;
    if (!isText(key) || !/^\d+$/.test(key) || (seat !== 0 && seat !== 1)) return "its key or seat is malformed";
    if (!isText(partner) || typeof isHost !== "boolean") return "its partner is malformed";
    if (![last, unsent, unread].every(turns => Array.isArray(turns) && turns.every(isText)))
        return "its turns are not lists of text";
    // A safe integer is one that a double holds exactly.
    if (![counter, taken, received].every(Number.isSafeInteger) || counter < -1 || taken < last.length
        || received < unread.length) return "its counts are inconsistent";
    return last.concat(unsent).some(turn => turn === "" || turn.includes("|"))
        ? "one of its turns is empty or contains |" : null;
}
