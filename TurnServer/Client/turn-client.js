// The player's side of the turn protocol, for web pages. Turns arrive exactly once and in order, even if requests or
// replies are lost or late.
// Needs ES2018 with modules, fetch and AbortController: Chrome and Android's WebView 66, Firefox 60, Safari 12.1.

// Timeouts and intervals, in milliseconds.
export const timing = {
    hold: 20000,            // how long the server may hold a reply without news; whole seconds
    answer: 5000,           // in addition to that, how long until a request counts as lost
    patience: 30000,        // how long to repeat a lost request
    firstPause: 50,         // before the first repetition; each further pause is twice as long
    longestPause: 2000,
    firstFullPause: 2,      // before repeating a turn while the partner's backlog is full
    longestFullPause: 500,
    poll: 100,              // between requests, if the server does not hold replies
    claim: 200,             // how long another page has to answer that it uses the same token
};

// The longest turn, in bytes of UTF-8: the longest body minus what its other fields can take.
export const TURN_BYTES_MAX = 16384 - 64;

// With more than this in the block, the partner's longest update may be refused.
const NEARLY_FULL_BYTES = 131072 - 16384;

const TOO_LONG = "20/*/*", FULL = "21/*/*", BEHIND = "18/*/*", AHEAD = "19/*/*";

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
const bytesOf = text => new TextEncoder().encode(text).length;
const dataOf = reply => reply.replace(/^\d+\/\d+\//, "");

// Both take turns joined by |. Removes the turns that they begin with.
const after = (turns, first) => first === "" ? turns : turns.slice(first.length + 1);
// Whether they begin with these turns.
const beginsWith = (turns, first) => `${turns}|`.startsWith(`${first}|`);

// .reply is the last reply, such as "15/5/*" (the partner has quit), or a proxy's page or a text if there was none.
export class TurnError extends Error {
    constructor(reply, message = `the game is over or cannot begin: ${reply}`) {
        super(message);
        this.name = "TurnError";
        this.reply = reply;
    }
}

// Sends a request once. Returns the reply, or "" if it was lost.
async function attempt(url, request, milliseconds, signal, onReply) {
    const controller = new AbortController(), abort = () => controller.abort();
    const timer = setTimeout(abort, milliseconds);
    if (signal) signal.addEventListener("abort", abort);
    try {
        const response = await fetch(url, { ...request, signal: controller.signal });
        const text = await response.text();
        if (onReply) onReply(response);
        return response.status === 413 ? TOO_LONG : text;       // from a proxy with a lower limit
    } catch (error) {
        return "";
    } finally {
        clearTimeout(timer);
        if (signal) signal.removeEventListener("abort", abort);
    }
}

// Sends a request and repeats it until there is a reply: requests are idempotent. Returns null if it was abandoned.
async function ask(url, body, { hold = 0, received, signal, onReply } = {}) {
    const headers = { "Content-Type": "text/plain" };
    if (hold >= 1000) headers["Prefer"] = `wait=${Math.floor(hold / 1000)}`;
    if (received !== undefined) headers["Turn-Received"] = received;
    let until = 0;
    for (let pause = timing.firstPause; ; pause = Math.min(2 * pause, timing.longestPause)) {
        if (signal && signal.aborted) return null;
        const request = { method: "POST", body, headers };
        const reply = await attempt(url, request, hold + timing.answer, signal, onReply);
        if (signal && signal.aborted) return null;
        // Repeats after 22 and 23, and after a proxy's error page.
        if (/^0\/\d+\//.test(reply)) return reply;
        if (/^\d+\/[\d*]+\/\*$/.test(reply) && !/^2[23]\//.test(reply)) throw new TurnError(reply);
        until = until || Date.now() + timing.patience;
        if (Date.now() > until) throw new TurnError(reply || "no reply from the server");
        await sleep(pause * (1 + Math.random()) / 2);
    }
}

// The server's address. Errors do not repeat the URL, which may contain a password.
function addressOf(url) {
    let address = { hostname: "" };
    try {
        address = new URL(url, typeof document === "undefined" ? self.location.href : document.baseURI);
    } catch (error) {
        // Reported below.
    }
    if (address.username || address.password) throw new TypeError("the server's URL contains a user name or password");
    // Chromium accepts a space in the host name.
    if (!address.href || address.hostname.includes("%"))
        throw new TypeError("the server's URL is invalid; expected a URL such as http://localhost:8080/");
    if (!/^https?:$/.test(address.protocol))
        throw new TypeError("the server's URL must begin with http:// or https://");
    address.hash = "";
    return address.href;
}

// Normalizes a name: the server compares bytes, and Unicode can spell the same name in several ways.
function nameOf(text, whose) {
    if (typeof text !== "string") throw new TypeError(`${whose} name must be a string`);
    const name = text.normalize("NFC").trim();
    if (!/^[^\u0000-\u001f\u007f-\u009f,\uD800-\uDFFF]{1,64}$/u.test(name))
        throw new RangeError(`${whose} name must have 1 to 64 characters, no control characters and no comma`);
    return name;
}

// The token of a registration, saved in sessionStorage so that a reloaded page keeps its place in the queue. Only one
// player may use it at a time, and a duplicated tab has a copy.
const claimed = new Set();

async function claimToken(storageKey) {
    const own = crypto.getRandomValues(new Uint32Array(4)).join("");
    if (claimed.has(storageKey)) return { token: own, release: () => {} };
    claimed.add(storageKey);
    const stored = withStorage(storage => storage.getItem(storageKey));
    const channel = openChannel(storageKey);
    // Without a channel a copy cannot be detected: only a reloaded page reuses the token.
    const isFree = stored && (channel ? !await isInUseElsewhere(channel, stored) : isReloaded());
    const token = isFree ? stored : own;
    if (channel) channel.onmessage = ({ data }) => {
        if (data === token) channel.postMessage(`taken ${token}`);
    };
    withStorage(storage => storage.setItem(storageKey, token));
    // The token is deleted once the game begins or the registration has ended.
    return { token, release: isOver => {
        if (isOver) withStorage(storage => storage.removeItem(storageKey));
        if (channel) channel.close();
        claimed.delete(storageKey);
    } };
}

// Null in old browsers, and where storage is blocked.
function openChannel(name) {
    try {
        return new BroadcastChannel(name);
    } catch (error) {
        return null;
    }
}

function isReloaded() {
    return typeof performance !== "undefined" && performance.navigation && performance.navigation.type === 1;
}

function isInUseElsewhere(channel, token) {
    return new Promise(resolve => {
        // If both ask at the same moment, neither gets it.
        channel.onmessage = ({ data }) => { if (data === token || data === `taken ${token}`) resolve(true); };
        channel.postMessage(token);
        setTimeout(() => resolve(false), timing.claim);
    });
}

// Null where there is no storage: in private windows, sandboxed frames and workers.
function withStorage(use) {
    try {
        return use(sessionStorage);
    } catch (error) {
        return null;
    }
}

// Registers, waits for a partner (any, or the one named), and resolves to a TurnGame once both players are ready.
// Aborting the signal before that ends the registration.
export async function play(url, name, wanted = "*", { signal } = {}) {
    const server = addressOf(url), own = nameOf(name, "the player's");
    const partner = wanted === "*" ? wanted : nameOf(wanted, "the partner's");
    const { token, release } = await claimToken(`turn-client ${JSON.stringify([server, own, partner])}`);
    try {
        const game = await meet(server, `0,${own},*,${partner},${token}`, signal);
        release(true);
        return game;
    } catch (error) {
        // The registration may still exist if the server is down or busy.
        release(error.name === "AbortError" || /^(?!2[23]\/)\d+\//.test(error.reply));
        throw error;
    }
}

async function meet(url, register, signal) {
    let key = null;
    const send = async (body, hold = 0) => {
        const reply = signal && signal.aborted ? null : await ask(url, body, { hold, signal });
        if (reply !== null) return reply;
        leave(url, key, register);
        throw Object.assign(new Error("the registration was cancelled"), { name: "AbortError" });
    };
    const step = async (symbol, waitingReply) => {
        for (; ; await sleep(timing.poll)) {
            const reply = await send(`${symbol},*,${key},*,*`, waitingReply ? timing.hold : 0);
            if (reply !== waitingReply) return dataOf(reply);
        }
    };
    key = dataOf(await send(register));
    for (;;) {
        try {
            const partner = await step(2, "0/2/*");
            await step(3);
            return new TurnGame(url, partner, ...(await step(4, "0/7/*")).split("|"));
        } catch (error) {
            if (error.reply !== "9/2/*") throw error;       // it left before the game: wait for another
        }
    }
}

// Ends the registration, so that no partner is paired with it. If its key never arrived, registering again returns it.
async function leave(url, key, register) {
    try {
        await ask(url, `1,*,${key || dataOf(await ask(url, register))},*,*`);
    } catch (error) {
        // The server drops the registration after its timeout.
    }
}

// Why a turn cannot be sent; null when it can.
function faultOf(turn) {
    if (typeof turn !== "string") return new TypeError("a turn must be a string");
    if (turn === "") return new RangeError("a turn cannot be empty");
    if (turn.includes("|")) return new RangeError("a turn cannot contain |, which separates turns on the wire");
    if (/[\uD800-\uDFFF]/u.test(turn)) return new RangeError("a turn cannot contain half of a surrogate pair");
    const bytes = bytesOf(turn);
    return bytes <= TURN_BYTES_MAX ? null
        : new RangeError(`a turn must have at most ${TURN_BYTES_MAX} bytes; this one has ${bytes}`);
}

export class TurnGame {
    constructor(url, partner, key, seat) {
        Object.assign(this, { url, partner, key, seat: Number(seat) });
        this.ended = null;              // null while the game continues; then why it is over, such as "15/5/*"
        this.partnerSilent = null;      // seconds since the server last heard from the partner, as its last reply says
        // Private to this class.
        this._outbox = [];
        this._inbox = [];
        this._wake = () => {};
        this._holding = null;           // aborts the held update
        this._counter = -1;             // of the last update that was taken
        this._last = null;              // that update
        this._block = "";               // the delivered part of its block
        this._unconfirmed = [];         // updates whose replies were abandoned; assumed to be taken
        this._run().catch(error => {
            this.ended = this.ended || error.reply || String(error);
            this._outbox.forEach(({ reject }) => reject(error));
            this._wake();
        });
    }

    // Resolves once the server has taken the turn: a string of 1 to TURN_BYTES_MAX bytes of UTF-8 without |. An invalid
    // turn is rejected with RangeError (TypeError if it is not a string), and one that the server or a proxy finds too
    // long with TurnError "20/*/*"; the game continues. After any other TurnError the game is over.
    send(turn) {
        const fault = this.ended ? new TurnError(this.ended) : faultOf(turn);
        if (fault) return Promise.reject(fault);
        return new Promise((resolve, reject) => {
            this._outbox.push({ turn, resolve, reject });
            if (this._holding) this._holding.abort();
        });
    }

    // The partner's turns, until the game is over.
    async *turns() {
        for (;;) {
            while (this._inbox.length) yield this._inbox.shift();
            if (this.ended) return;
            await new Promise(resolve => { this._wake = resolve; });
        }
    }

    async quit() {
        this.ended = this.ended || "0/1/*";
        if (this._holding) this._holding.abort();
        this._wake();
        await ask(this.url, `5,*,${this.key},${this.seat},*`).catch(() => {});
    }

    // This loop owns the counter. With nothing to send, it lets the server hold the reply.
    async _run() {
        while (!this.ended) {
            if (this._outbox.length) {
                await this._sendNext();
                continue;
            }
            this._holding = new AbortController();
            const isEmpty = await this._update(this._compose(""), { hold: timing.hold, signal: this._holding.signal });
            this._holding = null;
            if (isEmpty) await sleep(timing.poll);
        }
        throw new TurnError(this.ended);
    }

    async _sendNext() {
        const { turn, resolve, reject } = this._outbox[0];
        try {
            await this._sendUntilTaken(turn);
            resolve();
        } catch (error) {
            if (error.reply !== TOO_LONG) throw error;
            reject(new TurnError(TOO_LONG, "the turn is longer than the server or a proxy accepts"));
        }
        this._outbox.shift();
    }

    // While the partner's backlog is full, repeats the very same update, because a late copy of it may still be taken.
    // Meanwhile it repeats the last taken update, which collects the partner's turns and acknowledges nothing.
    async _sendUntilTaken(turn) {
        let update = this._compose(turn);
        for (let pause = timing.firstFullPause; ; pause = Math.min(2 * pause, timing.longestFullPause)) {
            try {
                await this._update(update);
                return;
            } catch (error) {
                if (error.reply !== FULL) throw error;
            }
            await sleep(pause);
            if (this.ended) throw new TurnError(this.ended);
            if (this._last) await this._collect();
            if (bytesOf(this._block) > NEARLY_FULL_BYTES && await this._freeCounter(update))
                update = this._compose(turn);
        }
    }

    async _collect() {
        try {
            this._deliver(await this._ask(this._last));
        } catch (error) {
            if (error.reply !== BEHIND) throw error;    // the refused turn was taken after all; repeating it gets 11
        }
    }

    // Both backlogs may be full, and only an update that is taken acknowledges. So sends an empty update under the
    // refused turn's counter, acknowledging another part of the block, so that the next block shows which of the two
    // was taken (PROTOCOL.md, "Rules for clients"). Returns false if the refused turn was taken after all.
    async _freeCounter(refused) {
        const before = this._block, acknowledgesNone = bytesOf(refused.acknowledged) > bytesOf(before) / 2;
        const update = this._compose("", acknowledgesNone ? "" : before);
        const reply = await this._ask(update), block = dataOf(reply);
        const isRefusedTaken = acknowledgesNone ? !beginsWith(block, before)
            : beginsWith(block, after(before, refused.acknowledged));
        if (reply.startsWith("0/11/") && isRefusedTaken) return false;
        this._take(update);
        this._deliver(reply);
        await this._update(this._compose(""));          // acknowledges the rest
        return true;
    }

    _ask({ body, received }, options = {}) {
        return ask(this.url, body, { received, ...options, onReply: ({ headers }) => {
            const silent = headers.get("Partner-Silent");
            if (/^\d{1,9}$/.test(silent)) this.partnerSilent = Number(silent);
        } });
    }

    _compose(turn, acknowledged = this._block) {
        const body = `6,${turn},${this.key},${this.seat},${this._counter + 1}`;
        return { body, acknowledged, received: this._counter < 0 ? undefined : bytesOf(acknowledged) };
    }

    // Returns whether the reply brought no turns.
    async _update(update, options) {
        const send = () => this._ask(update, options);
        const reply = await send().catch(async error => {
            if (error.reply !== AHEAD || !this._unconfirmed.length) throw error;
            // An abandoned update never arrived: send it first.
            for (const earlier of this._unconfirmed) await this._ask(earlier).catch(() => {});
            return send();
        });
        this._take(update);
        if (reply === null) {
            // Abandoned to send a turn: the next reply brings its turns.
            this._unconfirmed.push(update);
            return false;
        }
        this._unconfirmed = [];
        return !this._deliver(reply);
    }

    // What an update does not acknowledge begins the next block.
    _take(update) {
        this._counter++;
        this._last = update;
        this._block = after(this._block, update.acknowledged);
    }

    // A block only grows: whatever follows the delivered part is new. Returns false if nothing does.
    _deliver(reply) {
        const block = dataOf(reply);
        // As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are acknowledged,
        // a real turn comes again.
        if (reply === "0/10/*" || reply === "0/11/*" || block.length <= this._block.length) return false;
        for (const turn of after(block, this._block).split("|")) this._inbox.push(turn);
        this._block = block;
        this._wake();
        return true;
    }
}
