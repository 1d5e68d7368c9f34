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
    keepAlive: 5000,        // between requests while turns have come that are not saved
    poll: 100,              // between requests, if the server does not hold replies
    claim: 200,             // how long another page has to answer that it uses the same token
};

// The longest turn, in bytes of UTF-8: the longest body minus what its other fields can take.
export const TURN_BYTES_MAX = 16384 - 64;

// With more than this in the block, the partner's longest update may be refused.
const NEARLY_FULL_BYTES = 131072 - 16384;

// Another process may have used this many counters after the last one known to be taken: that of an abandoned held
// update, and the next.
const UNDER_WAY_MAX = 2;

// No seat reaches it: the refusal says which counter was the last.
const UNREACHABLE_COUNTER = "9223372036854775807";

const TOO_LONG = "20/*/*", FULL = "21/*/*", BEHIND = "18/*/*", AHEAD = "19/*/*";

const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
const bytesOf = text => new TextEncoder().encode(text).length;
const dataOf = reply => reply.replace(/^\d+\/\d+\//, "");

// Both take turns joined by |. Removes the turns that they begin with.
const after = (turns, first) => first === "" ? turns : turns.slice(first.length + 1);
const restored = turn => ({ turn, resolve: () => {}, reject: () => {}, endsGame: true });
const countOf = turns => turns === "" ? 0 : turns.split("|").length;
const firstOf = (turns, count) => turns.split("|").slice(0, Math.max(0, count)).join("|");
const numberOf = (headers, name) => {
    const text = headers.get(name);
    return /^-?\d{1,16}$/.test(text) ? Number(text) : null;
};

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

// A pool, as it follows the * of a registration.
function poolOf(pool) {
    if (pool === undefined || pool === null) return "";
    if (typeof pool !== "string" || !/^[!-~]{1,32}$/.test(pool) || /[,#]/.test(pool))
        throw new RangeError("a pool must have 1 to 32 visible ASCII characters, no comma and no #");
    return `#${pool}`;
}

// Registers, waits for a partner (any, or the one named), and resolves to a TurnGame once both players are ready.
// pool: players are paired within their pool only. token: 1 to 64 visible ASCII characters but * and comma, drawn at
// random and stored by the app: with the same token, name, partner and pool a new process takes its place in the line
// again; without it a reloaded page does. savesEachTurn: see save(). Aborting the signal before the game ends the
// registration.
export async function play(url, name, wanted = "*", { signal, pool, token, savesEachTurn = false } = {}) {
    const server = addressOf(url), own = nameOf(name, "the player's"), poolField = poolOf(pool);
    const partner = wanted === "*" ? wanted : nameOf(wanted, "the partner's");
    if (token !== undefined && !/^[!-)+\-./0-~]{1,64}$/.test(token))
        throw new RangeError("a token must have 1 to 64 visible ASCII characters, no comma and no *");
    const place = [server, own, partner].concat(poolField || []);
    const claim = token === undefined ? await claimToken(`turn-client ${JSON.stringify(place)}`)
        : { token, release: () => {} };
    const { release } = claim;
    try {
        const seat = await meet(server, `0,${own},*${poolField},${partner},${claim.token}`, signal);
        const game = new TurnGame(seat, { savesEachTurn });
        release(true);
        return game;
    } catch (error) {
        // The registration may still exist if the server is down or busy.
        release(error.name === "AbortError" || /^(?!2[23]\/)\d+\//.test(error.reply));
        throw error;
    }
}

// How many players wait for any partner in a pool, and for how many seconds the first has: { count, seconds }. Asks
// once. Through a proxy, the URL must end with a slash and lead to the server's root.
export async function waiting(url, pool) {
    const server = addressOf(url), query = poolOf(pool) && `?pool=${encodeURIComponent(pool)}`;
    const line = await attempt(new URL(`waiting${query}`, server).href, {}, timing.answer);
    if (!/^\d+ \d+$/.test(line)) throw new TurnError(line || "no reply from the server", "the server does not say");
    const [count, seconds] = line.split(" ").map(Number);
    return { count, seconds };
}

// Comes back to a game from what save() returned, in this page or another; the saved game must not be used any more.
// Resolves to a TurnGame. TurnError: the game is over, and nothing is left to read. TypeError: this is not a saved
// game.
export async function resume(saved, { savesEachTurn = false } = {}) {
    const game = new TurnGame(savedGameOf(saved), { savesEachTurn, isResumed: true });
    await game._resumed;
    if (game.ended && !game._inbox.length) throw game._error || new TurnError(game.ended);
    return game;
}

function savedGameOf(text) {
    let saved = null;
    try {
        saved = JSON.parse(text);
    } catch (error) {
        // Reported below.
    }
    const isTurns = turns => Array.isArray(turns) && turns.every(turn => typeof turn === "string");
    const isSent = turns => isTurns(turns) && turns.every(turn => turn !== "" && !turn.includes("|"));
    if (!saved || saved.version !== 1 || !/^\d+$/.test(saved.key) || ![0, 1].includes(saved.seat)
        || ![saved.counter, saved.taken, saved.received].every(Number.isInteger)
        || !isSent(saved.last) || !isSent(saved.unsent) || !isTurns(saved.unread) || saved.counter < -1
        || saved.taken < saved.last.length || saved.received < saved.unread.length)
        throw new TypeError("this is not a saved game of version 1");
    return { ...saved, url: addressOf(saved.url) };
}

// Resolves to the seat in the game.
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
            if (reply !== waitingReply) return reply;
        }
    };
    key = dataOf(await send(register));
    for (;;) {
        try {
            const pairing = await step(2, "0/2/*");
            await step(3);
            const [seatKey, seat] = dataOf(await step(4, "0/7/*")).split("|");
            const isHost = pairing.startsWith("0/3/");
            return { url, partner: dataOf(pairing), isHost, key: seatKey, seat: Number(seat) };
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
    constructor({ url, partner, isHost, key, seat, ...saved }, { savesEachTurn, isResumed = false }) {
        Object.assign(this, { url, partner, isHost, key, seat });
        this.ended = null;              // null while the game continues; then why it is over, such as "15/5/*"
        this.partnerSilent = null;      // seconds since the server last heard from the partner, as its last reply says
        this.missed = 0;                // the partner's turns that came after the last save of a resumed game
        // Private to this class.
        const { counter = -1, taken = 0, last = [], unsent = [], received = 0, unread = [] } = saved;
        this._outbox = unsent.map(restored);
        this._inbox = unread;
        this._taken = taken;            // how many own turns the server has taken
        this._lastTurns = last;         // the last of them
        this._received = received;      // how many of the partner's turns have arrived
        this._savesEachTurn = savesEachTurn;
        this._savedReceived = isResumed ? received : -1;    // how many are in the last saved game; -1: none was saved
        this._wake = () => {};          // wakes turns()
        this._wakeLoop = () => {};
        this._holding = null;           // aborts the held update
        this._counter = counter;        // of the last update that was taken
        this._lastUpdate = null;        // that update
        this._acknowledged = 0;         // how many of the partner's turns come before the block
        this._block = "";               // the delivered part of the last update's block
        this._known = 0;                // turns at the beginning of the block that were delivered before it was resumed
        this._fence = isResumed ? counter + UNDER_WAY_MAX : -1;
        this._unconfirmed = [];         // updates whose replies were abandoned; assumed to be taken
        this._totals = null;            // of the last reply: { taken, acknowledged }, or null
        let onResumed;
        this._resumed = new Promise(resolve => { onResumed = resolve; });
        this._run(isResumed, onResumed).catch(error => {
            this.ended = this.ended || error.reply || String(error);
            this._error = error;
            this._outbox.forEach(({ reject }) => reject(error));
            this._wake();
            onResumed();
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
            this._wakeLoop();
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

    // What is needed to come back with resume(): server, key, seat, counts, turns that the server has not taken, and
    // turns that were not read, as one line of text. Store it together with the state of your game after each turn that
    // you have read, and before each that you send: save(turn) includes that turn, which is then sent once, now or by
    // the resumed game. Save again after a turn was refused as too long. Whoever has the text can play this seat.
    // With savesEachTurn, call saved(text) when it is stored: nothing is sent before the first save, and turns that no
    // saved game has are not acknowledged, so that an app which is killed at any moment misses none. The next turns
    // come only after a save.
    save(next) {
        const fault = next === undefined ? null : faultOf(next);
        if (fault) throw fault;
        const unsent = this._outbox.map(({ turn }) => turn).concat(next === undefined ? [] : next);
        return JSON.stringify({
            version: 1, url: this.url, key: this.key, seat: this.seat, partner: this.partner, isHost: this.isHost,
            counter: this._counter, taken: this._taken, last: this._lastTurns, unsent,
            received: this._received, unread: this._inbox,
        });
    }

    saved(text) {
        this._savedReceived = savedGameOf(text).received;
        this._wakeLoop();
    }

    async quit() {
        this.ended = this.ended || "0/1/*";
        if (this._holding) this._holding.abort();
        this._wake();
        this._wakeLoop();
        await ask(this.url, `5,*,${this.key},${this.seat},*`).catch(() => {});
    }

    // This loop owns the counter. With nothing to send, it lets the server hold the reply.
    async _run(isResumed, onResumed) {
        if (isResumed) await this._resume();
        onResumed();
        while (!this.ended) {
            if (this._savesEachTurn && this._savedReceived < 0) await this._sleepUntilWoken();
            // Once these are taken, no late update of another process can be.
            else if (this._counter < this._fence) await this._sendFence();
            else if (this._outbox.length) await this._sendNext();
            else if (this._acknowledgeable() !== this._block) await this._waitForSave();
            else await this._waitForTurns();
        }
        throw new TurnError(this.ended);
    }

    async _sendFence() {
        try {
            await this._update(this._compose(""));
        } catch (error) {
            // Another late update has been taken meanwhile.
            if (error.reply !== BEHIND) throw error;
            await this._resume();
        }
    }

    async _waitForTurns() {
        this._holding = new AbortController();
        const isEmpty = await this._update(this._compose(""), { hold: timing.hold, signal: this._holding.signal });
        this._holding = null;
        if (isEmpty) await sleep(timing.poll);
    }

    // A reply is not held while it has turns that are not acknowledged.
    async _waitForSave() {
        if (await this._sleepUntilWoken()) await this._collect();
    }

    // Returns whether the time is over.
    _sleepUntilWoken() {
        return new Promise(resolve => {
            const timer = setTimeout(() => resolve(true), timing.keepAlive);
            this._wakeLoop = () => {
                clearTimeout(timer);
                resolve(false);
            };
        });
    }

    // Asks where the game stands (PROTOCOL.md, "Coming back"), and for the last block.
    async _resume() {
        do {
            let counter = null;
            await this._ask({ body: `6,,${this.key},${this.seat},${UNREACHABLE_COUNTER}` }, {
                onReply: ({ headers }) => { counter = numberOf(headers, "Turn-Counter"); },
            }).catch(error => {
                if (error.reply !== AHEAD) throw error;
            });
            if (counter === null || !this._totals)
                throw new TurnError(AHEAD, "the server does not say what it has taken: it is older than this client");
            const { taken, acknowledged } = this._totals;
            this._setTaken(taken);
            this._counter = counter;
            this._fence = Math.max(this._fence, counter + UNDER_WAY_MAX);
            this._acknowledged = acknowledged;
            this._block = "";
            this._known = Math.max(0, this._received - acknowledged);
            this.missed += Math.max(0, acknowledged - this._received);
            this._received = Math.max(acknowledged, this._received);
            this._lastUpdate = { body: `6,,${this.key},${this.seat},${counter}` };
            // A late update of the other process may be taken before the block is asked for.
        } while (this._counter >= 0 && !await this._collect());
    }

    async _sendNext() {
        const entry = this._outbox[0];
        try {
            await this._sendUntilTaken(entry.turn);
        } catch (error) {
            // Nobody would learn that a turn of a resumed game was refused.
            if (error.reply !== TOO_LONG || entry.endsGame) throw error;
            this._outbox.shift();
            entry.reject(new TurnError(TOO_LONG, "the turn is longer than the server or a proxy accepts"));
        }
    }

    // While the partner's backlog is full, repeats the very same update, because a late copy of it may still be taken.
    // Meanwhile it repeats the last taken update, which collects the partner's turns and acknowledges nothing.
    async _sendUntilTaken(turn) {
        const update = this._compose(turn);
        for (let pause = timing.firstFullPause; ; pause = Math.min(2 * pause, timing.longestFullPause)) {
            try {
                await this._update(update);
                return;
            } catch (error) {
                if (error.reply !== FULL) throw error;
            }
            await sleep(pause);
            if (this.ended) throw new TurnError(this.ended);
            // If the refused turn was taken after all, repeating it shows that.
            if (!this._lastUpdate || !await this._collect()) continue;
            const isNearlyFull = bytesOf(this._block) > NEARLY_FULL_BYTES && this._acknowledgeable() !== "";
            if (isNearlyFull && this._totals && await this._freeCounter()) return;
        }
    }

    // Repeats the last update. Returns false if the server has taken a later one.
    async _collect() {
        try {
            this._deliver(await this._ask(this._lastUpdate));
            return true;
        } catch (error) {
            if (error.reply !== BEHIND) throw error;
            return false;
        }
    }

    // Both backlogs may be full, and only an update that is taken acknowledges. So sends an empty update under the
    // refused turn's counter (PROTOCOL.md, "Rules for clients"). Returns false if the refused turn was taken after all;
    // else the turn goes out under the next counter.
    async _freeCounter() {
        const update = this._compose("");
        const reply = await this._ask(update);
        if (this._totals && this._totals.taken > this._taken) return false;
        this._take(update, reply);
        this._deliver(reply);
        return true;
    }

    _ask({ body, received }, options = {}) {
        return ask(this.url, body, { received, ...options, onReply: response => {
            const { headers } = response, silent = numberOf(headers, "Partner-Silent");
            if (silent !== null) this.partnerSilent = silent;
            const taken = numberOf(headers, "Turns-Taken"), acknowledged = numberOf(headers, "Turns-Acknowledged");
            this._totals = taken === null || acknowledged === null ? null : { taken, acknowledged };
            if (options.onReply) options.onReply(response);
        } });
    }

    _acknowledgeable() {
        return this._savesEachTurn ? firstOf(this._block, this._savedReceived - this._acknowledged) : this._block;
    }

    _compose(turn) {
        const body = `6,${turn},${this.key},${this.seat},${this._counter + 1}`, acknowledged = this._acknowledgeable();
        return { turn, body, acknowledged, received: this._counter < 0 ? undefined : bytesOf(acknowledged) };
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
        this._take(update, reply);
        if (reply === null) {
            // Abandoned to send a turn: the next reply brings its turns.
            this._unconfirmed.push(update);
            return false;
        }
        this._unconfirmed = [];
        return !this._deliver(reply);
    }

    // What an update does not acknowledge begins the next block. If its counter was taken before, perhaps by an update
    // of another process, the totals say what was taken and acknowledged.
    _take(update, reply) {
        this._counter++;
        this._lastUpdate = update;
        const isTold = reply !== null && reply.startsWith("0/11/") && this._totals !== null;
        const acknowledged = isTold ? firstOf(this._block, this._totals.acknowledged - this._acknowledged)
            : update.acknowledged;
        this._acknowledged += countOf(acknowledged);
        this._known = Math.max(0, this._known - countOf(acknowledged));
        this._block = after(this._block, acknowledged);
        if (isTold) this._setTaken(this._totals.taken);
        else if (update.turn) this._setTaken(this._taken + 1);
    }

    // The server has taken this many turns.
    _setTaken(total) {
        const lost = this._taken - total;
        if (lost > this._lastTurns.length) throw new TurnError(AHEAD, "the server has lost turns that it had taken");
        if (lost > 0) {
            this._outbox.unshift(...this._lastTurns.slice(-lost).map(restored));
            this._lastTurns = [];
        }
        const done = this._outbox.splice(0, Math.max(0, total - this._taken));
        if (done.length) this._lastTurns = done.map(({ turn }) => turn);
        done.forEach(({ resolve }) => resolve());
        this._taken = total;
    }

    // A block only grows: whatever follows the delivered part is new. Returns false if nothing does.
    _deliver(reply) {
        const block = dataOf(reply);
        // As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are acknowledged,
        // a real turn comes again.
        if (reply === "0/10/*" || reply === "0/11/*" || block.length <= this._block.length) return false;
        const known = firstOf(block, this._known), old = known.length > this._block.length ? known : this._block;
        this._block = block;
        if (block === old) return false;
        for (const turn of after(block, old).split("|")) {
            this._inbox.push(turn);
            this._received++;
        }
        this._wake();
        return true;
    }
}
