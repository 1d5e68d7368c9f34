// A player's side of the turn protocol for web pages. What is sent arrives once and in order, whatever is lost or late.
// Needs ES2018 with modules, fetch and AbortController: Chrome and Android's WebView 66, Firefox 60, Safari 12.1.

// How long to wait and how often to ask, in milliseconds.
export const timing = {
    hold: 20000,            // how long the server may hold a reply without news; whole seconds
    answer: 5000,           // beyond that, how long until a request counts as lost
    patience: 30000,        // how long a lost request is repeated
    firstPause: 50,         // before it is; each further pause is twice as long
    longestPause: 2000,
    firstFullPause: 2,      // before a turn for which the partner's backlog has no room is repeated
    longestFullPause: 500,
    poll: 100,              // between requests for news, where the server holds none
    claim: 200,             // for another page to say that it has the same place in the line
};

// The longest turn, in bytes of UTF-8: a request's body less the most that its other fields take.
export const TURN_BYTES_MAX = 16384 - 64;

// With more than this on their way here, a partner's longest update may be refused.
const CROWDED_BYTES = 131072 - 16384;

const TOO_LONG = "20/*/*", FULL = "21/*/*", BEHIND = "18/*/*", AHEAD = "19/*/*";

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
const bytesOf = text => new TextEncoder().encode(text).length;
const dataOf = reply => reply.replace(/^\d+\/\d+\//, "");

// Turns as the wire joins them.
const behind = (turns, first) => first === "" ? turns : turns.slice(first.length + 1);
const beginsWith = (turns, first) => `${turns}|`.startsWith(`${first}|`);

export class TurnError extends Error {      // .reply is what the server said, such as "15/5/*": the partner has quit
    constructor(reply, message = `no game: ${reply}`) {
        super(message);
        this.name = "TurnError";
        this.reply = reply;
    }
}

// One attempt: the reply, or "" when it was lost.
async function attempt(url, request, milliseconds, cut) {
    const controller = new AbortController(), abort = () => controller.abort();
    const timer = setTimeout(abort, milliseconds);
    if (cut) cut.addEventListener("abort", abort);
    try {
        const response = await fetch(url, { ...request, signal: controller.signal });
        const text = await response.text();
        return response.status === 413 ? TOO_LONG : text;       // a proxy whose limit is lower than the server's
    } catch (error) {
        return "";
    } finally {
        clearTimeout(timer);
        if (cut) cut.removeEventListener("abort", abort);
    }
}

// Asks with the same words until there is an answer: the server takes each request only once. Null: it was cut short.
async function ask(url, body, { hold = 0, received, cut } = {}) {
    const headers = { "Content-Type": "text/plain" };
    if (hold >= 1000) headers["Prefer"] = `wait=${Math.floor(hold / 1000)}`;
    if (received !== undefined) headers["Turn-Received"] = received;
    let until = 0;
    for (let pause = timing.firstPause; ; pause = Math.min(2 * pause, timing.longestPause)) {
        if (cut && cut.aborted) return null;
        const reply = await attempt(url, { method: "POST", body, headers }, hold + timing.answer, cut);
        if (cut && cut.aborted) return null;
        // 22 and 23 are to be asked again later, as is a proxy's page that the server is away.
        if (/^0\/\d+\//.test(reply)) return reply;
        if (/^\d+\/[\d*]+\/\*$/.test(reply) && !/^2[23]\//.test(reply)) throw new TurnError(reply);
        until = until || Date.now() + timing.patience;
        if (Date.now() > until) throw new TurnError(reply || "the server is away");
        await sleep(pause * (1 + Math.random()) / 2);
    }
}

// The server's address, or an error that does not repeat what may be a secret.
function addressOf(url) {
    let address = { hostname: "" };
    try {
        address = new URL(url, typeof document === "undefined" ? self.location.href : document.baseURI);
    } catch (error) {
        // It is said below.
    }
    if (address.username || address.password) throw new TypeError("the server's URL contains a user name or password");
    // Chromium takes a space for a part of the name.
    if (!address.href || address.hostname.includes("%"))
        throw new TypeError("the server's URL is not a URL: it looks like http://localhost:8080/");
    if (!/^https?:$/.test(address.protocol)) throw new TypeError("the server's URL begins with http:// or https://");
    address.hash = "";
    return address.href;
}

// A name as it is sent: however it was typed, it is the same to the server, which compares bytes.
function nameOf(text, whose) {
    if (typeof text !== "string") throw new TypeError(`${whose} name is not a string`);
    const name = text.normalize("NFC").trim();
    if (!/^[^\u0000-\u001f\u007f-\u009f,\uD800-\uDFFF]{1,64}$/u.test(name))
        throw new RangeError(`${whose} name has 1 to 64 characters, no control characters, no comma`);
    return name;
}

// The token of the registration that waits at this place: a page that is loaded again comes back to it. Kept in
// sessionStorage, where there is one, and claimed by one player at a time: a tab that is duplicated has a copy.
const claimed = new Set();

async function claimToken(place) {
    const own = crypto.getRandomValues(new Uint32Array(4)).join("");
    if (claimed.has(place)) return { token: own, drop: () => {} };
    claimed.add(place);
    const stored = store(storage => storage.getItem(place));
    const channel = openChannel(place);
    // Without a channel a copy of the token is not told from the token: only a page that is loaded again keeps it.
    const isFree = stored && (channel ? !await isElsewhere(channel, stored) : isReloaded());
    const token = isFree ? stored : own;
    if (channel) channel.onmessage = ({ data }) => {
        if (data === token) channel.postMessage(`taken ${token}`);
    };
    store(storage => storage.setItem(place, token));
    // Once the game begins, or the registration has ended, nobody is to come back to it.
    return { token, drop: isOver => {
        if (isOver) store(storage => storage.removeItem(place));
        if (channel) channel.close();
        claimed.delete(place);
    } };
}

// Null where there are none: in old browsers, and where storage is refused.
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

function isElsewhere(channel, token) {
    return new Promise(resolve => {
        // Or it asks in the same moment: then neither has it.
        channel.onmessage = ({ data }) => { if (data === token || data === `taken ${token}`) resolve(true); };
        channel.postMessage(token);
        setTimeout(() => resolve(false), timing.claim);
    });
}

// Null where storage is not to be had: in a private window, a sandboxed frame, outside a window.
function store(use) {
    try {
        return use(sessionStorage);
    } catch (error) {
        return null;
    }
}

// Registers, waits for a partner (anybody, or the one named) and until both are ready. A signal that is aborted before
// gives it up.
export async function play(url, name, wanted = "*", { signal } = {}) {
    const server = addressOf(url), own = nameOf(name, "the player's");
    const partner = wanted === "*" ? wanted : nameOf(wanted, "the partner's");
    const { token, drop } = await claimToken(`turn-client ${JSON.stringify([server, own, partner])}`);
    try {
        const game = await meet(server, `0,${own},*,${partner},${token}`, signal);
        drop(true);
        return game;
    } catch (error) {
        // Of a server that is away or busy, the registration may still be there.
        drop(error.name === "AbortError" || /^(?!2[23]\/)\d+\//.test(error.reply));
        throw error;
    }
}

async function meet(url, register, signal) {
    let key = null;
    const say = async (body, hold = 0) => {
        const reply = signal && signal.aborted ? null : await ask(url, body, { hold, cut: signal });
        if (reply !== null) return reply;
        leave(url, key, register);
        throw Object.assign(new Error("given up"), { name: "AbortError" });
    };
    const step = async (symbol, again) => {
        for (; ; await sleep(timing.poll)) {
            const reply = await say(`${symbol},*,${key},*,*`, again ? timing.hold : 0);
            if (reply !== again) return dataOf(reply);
        }
    };
    key = dataOf(await say(register));
    for (;;) {
        try {
            const partner = await step(2, "0/2/*");
            await step(3);
            return new TurnGame(url, partner, ...(await step(4, "0/7/*")).split("|"));
        } catch (error) {
            if (error.reply !== "9/2/*") throw error;       // left before the game: wait for the next
        }
    }
}

// So that nobody is paired with who is not there any more. A registration that was cut off is asked for its key.
async function leave(url, key, register) {
    try {
        await ask(url, `1,*,${key || dataOf(await ask(url, register))},*,*`);
    } catch (error) {
        // It ends by the silence.
    }
}

// Why a turn cannot be sent; null when it can.
function faultOf(turn) {
    if (typeof turn !== "string") return new TypeError("a turn is a string");
    if (turn === "") return new RangeError("a turn cannot be empty");
    if (turn.includes("|")) return new RangeError("a turn cannot contain |, which separates turns on the wire");
    if (/[\uD800-\uDFFF]/u.test(turn)) return new RangeError("a turn cannot contain half of a surrogate pair");
    const bytes = bytesOf(turn);
    return bytes <= TURN_BYTES_MAX ? null : new RangeError(`a turn has at most ${TURN_BYTES_MAX} bytes, not ${bytes}`);
}

export class TurnGame {
    constructor(url, partner, key, seat) {
        Object.assign(this, { url, partner, key, seat: Number(seat) });
        this.ended = null;              // why the game is over: the server's reply
        // What follows is not for the page.
        this._outbox = [];
        this._inbox = [];
        this._wake = () => {};
        this._cut = null;               // cuts the held update short
        this._counter = -1;             // of the last update taken,
        this._last = null;              // which was this one,
        this._block = "";               // and what has been delivered of its block
        this._unseen = [];              // updates that were cut short and are taken for taken
        this._run().catch(error => {
            this.ended = this.ended || error.reply || String(error);
            this._outbox.forEach(({ reject }) => reject(error));
            this._wake();
        });
    }

    // Done when the server has it. A turn is a text of at most TURN_BYTES_MAX bytes of UTF-8, not empty, without |.
    // What is none is rejected with RangeError before it is sent, and what this server finds too long with TurnError
    // "20/*/*": the game and the other turns go on. With any other TurnError the game is over.
    send(turn) {
        const fault = this.ended ? new TurnError(this.ended) : faultOf(turn);
        if (fault) return Promise.reject(fault);
        return new Promise((resolve, reject) => {
            this._outbox.push({ turn, resolve, reject });
            if (this._cut) this._cut.abort();
        });
    }

    // The partner's turns, the moment they are made, until the game is over.
    async *turns() {
        for (;;) {
            while (this._inbox.length) yield this._inbox.shift();
            if (this.ended) return;
            await new Promise(resolve => { this._wake = resolve; });
        }
    }

    async quit() {
        this.ended = this.ended || "0/1/*";
        if (this._cut) this._cut.abort();
        this._wake();
        await ask(this.url, `5,*,${this.key},${this.seat},*`).catch(() => {});
    }

    // One loop owns the counter. With nothing to send the server holds the reply.
    async _run() {
        while (!this.ended) {
            if (this._outbox.length) {
                await this._sendNext();
                continue;
            }
            this._cut = new AbortController();
            const isEmpty = await this._update(this._compose(""), { hold: timing.hold, cut: this._cut.signal });
            this._cut = null;
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
            reject(new TurnError(TOO_LONG, "the turn is longer than the server takes"));
        }
        this._outbox.shift();
    }

    // While the partner's backlog is full, the very same update is repeated: a copy of it that was lost may still come
    // and be taken, however late. Meanwhile the last counter is repeated to collect, which acknowledges nothing.
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
            if (this._last) await this._look();
            if (bytesOf(this._block) > CROWDED_BYTES && await this._freeCounter(update)) update = this._compose(turn);
        }
    }

    async _look() {
        try {
            this._deliver(await ask(this.url, this._last.body, this._last));
        } catch (error) {
            if (error.reply !== BEHIND) throw error;    // the turn was taken after all: it is repeated next
        }
    }

    // Both backlogs may be full, and acknowledging takes an update that is taken: an empty one, under the counter of
    // the turn that was refused. It says that something else has arrived than the turn says, so that the block shows
    // which of the two was taken. False: the turn was.
    async _freeCounter(refused) {
        const before = this._block, saysNothing = bytesOf(refused.said) > bytesOf(before) / 2;
        const update = this._compose("", saysNothing ? "" : before);
        const reply = await ask(this.url, update.body, update), block = dataOf(reply);
        if (reply.startsWith("0/11/") &&
            (saysNothing ? !beginsWith(block, before) : beginsWith(block, behind(before, refused.said)))) return false;
        this._take(update);
        this._deliver(reply);
        await this._update(this._compose(""));          // acknowledges the rest
        return true;
    }

    _compose(turn, said = this._block) {
        const body = `6,${turn},${this.key},${this.seat},${this._counter + 1}`;
        return { body, said, received: this._counter < 0 ? undefined : bytesOf(said) };
    }

    // Whether there was no news.
    async _update(update, how) {
        const askIt = () => ask(this.url, update.body, { received: update.received, ...how });
        const reply = await askIt().catch(async error => {
            if (error.reply !== AHEAD || !this._unseen.length) throw error;
            // The held one that was cut short never arrived: it is asked first.
            for (const unseen of this._unseen) await ask(this.url, unseen.body, unseen).catch(() => {});
            return askIt();
        });
        this._take(update);
        if (reply === null) {
            // Cut short to send a turn: its reply is not looked at, and what that held comes again.
            this._unseen.push(update);
            return false;
        }
        this._unseen = [];
        return !this._deliver(reply);
    }

    // What an update does not acknowledge begins its block.
    _take(update) {
        this._counter++;
        this._last = update;
        this._block = behind(this._block, update.said);
    }

    // A block only grows: what is behind that which was delivered before is new. False: nothing.
    _deliver(reply) {
        const block = dataOf(reply);
        // Before anything else of this counter a lone * may be a turn: if it is, it comes again, as 0 has arrived.
        if (reply === "0/10/*" || reply === "0/11/*" || block.length <= this._block.length) return false;
        for (const turn of behind(block, this._block).split("|")) this._inbox.push(turn);
        this._block = block;
        this._wake();
        return true;
    }
}
