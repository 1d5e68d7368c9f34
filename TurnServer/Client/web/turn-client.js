// The player's side of the turn protocol, for web pages and Node. Turns arrive exactly once and in order, even if
// requests or replies are lost or late. turn-client.d.ts describes all that is exported.
// Needs ES2018 with modules, fetch and AbortController: Chrome and Android's WebView 66, Firefox 60, Safari 12.1.

import { addressOf, faultOf, nameOf, poolOf, savedGameOf, tokenOf } from "./checks.js";
import { CALL_OPTIONS, PLAY_OPTIONS, REGISTER_OPTIONS, checkNames, optionsOf, timing } from "./options.js";
import { RequestSender, sleep } from "./request-sender.js";
import { SeatMachine, TURN_BYTES_MAX } from "./seat-machine.js";
import { claimToken, createToken } from "./token-claim.js";
import { QUIT, TurnError } from "./turn-error.js";
import { toHttp } from "./web-socket-transport.js";

export { TURN_BYTES_MAX, TurnError, timing };

// How long the game has to answer what it was told before a reply is held, which its answer would abandon.
const REACTION = 10;

const ANY = "*", NO_PARTNER_YET = 2, HOST = 3, PARTNER_LOADS = 7;

// Faults after which the server may still have the registration.
const PASSING = ["unreachable", "notTurnServer", "serverBusy"];

// Trimmed, " * " would be any partner.
function partnerOf(name) {
    const partner = name === ANY ? ANY : nameOf(name, "the partner's");
    if (name !== partner && partner === ANY) throw new RangeError("the partner's name cannot be *");
    return partner;
}

function signalOf(options) {
    checkNames(options, CALL_OPTIONS);
    return options.signal;
}

const cancelled = () => Object.assign(new Error("the registration was cancelled"), { name: "AbortError" });

/** One player up to the game: register, pair, load, play. Methods are called one at a time; they throw TurnError. */
export class TurnClient {
    constructor(url, options = {}) {
        this.token = null;
        this._options = optionsOf(options);
        this._sender = new RequestSender(addressOf(url), this._options);
        this._key = null;
        this._pairing = null;
    }

    async register(name, options = {}) {
        checkNames(options, REGISTER_OPTIONS);
        const { partner = ANY, pool, token = createToken(), hasLongTimeout = false, signal } = options;
        const own = nameOf(name, "the player's"), wanted = partnerOf(partner);
        const key = `${hasLongTimeout ? "bibbybabbis" : "*"}${poolOf(pool)}`;
        this.token = tokenOf(token);
        this._key = (await this._send(`0,${own},${key},${wanted},${token}`, 0, signal)).data;
    }

    async pair(options = {}) {
        const { code, data } = await this._sendUntilNews(2, NO_PARTNER_YET, signalOf(options));
        this._pairing = { partner: data, isHost: code === HOST };
        return this._pairing;
    }

    async load(options = {}) {
        await this._send(this._body(3), 0, signalOf(options));
    }

    async play(options = {}) {
        const [key, seat] = (await this._sendUntilNews(4, PARTNER_LOADS, signalOf(options))).data.split("|");
        const game = Object.assign({ url: this._sender.url, key, seat: Number(seat) }, this._pairing);
        return new TurnGame(game, this._options, null, this._sender);
    }

    async unregister(options = {}) {
        await this._send(this._body(1), 0, signalOf(options)).catch(error => {
            // An earlier attempt may have ended it, and its reply was lost.
            if (error.kind !== "registrationGone") throw error;
        });
    }

    _body(symbol) {
        if (this._key === null) throw new Error("register first");
        return `${symbol},*,${this._key},*,*`;
    }

    async _send(body, wait, signal) {
        const outcome = await this._sender.send({ body, wait }, signal);
        if (outcome === null) throw cancelled();
        if (outcome.fault) throw outcome.fault;
        return outcome.reply;
    }

    async _sendUntilNews(symbol, noNews, signal) {
        const { clock } = this._sender, { timing: { wait, pollInterval } } = this._options;
        for (;;) {
            const sentAt = clock.now(), reply = await this._send(this._body(symbol), wait, signal);
            if (reply.code !== noNews) return reply;
            // The server does not hold replies, or a second client of this player answers this one's held reply.
            await sleep(clock, Math.max(0, pollInterval - (clock.now() - sentAt)), signal);
        }
    }
}

/** Registers, waits for a partner (any, or the one named), and resolves once both players are ready. */
export async function play(url, name, wanted = ANY, playOptions = {}) {
    checkNames(playOptions, PLAY_OPTIONS);
    const { signal, pool, token, ...options } = playOptions;
    const player = new TurnClient(url, options), partner = partnerOf(wanted);
    const place = [addressOf(url), nameOf(name, "the player's"), partner].concat(poolOf(pool) || []);
    if (signal && signal.aborted) throw cancelled();
    const { claim: claimTime } = player._options.timing, storageKey = `turn-client ${JSON.stringify(place)}`;
    const claim = token === undefined ? await claimToken(storageKey, claimTime) : { token, release: () => {} };
    const registration = { partner, pool, token: claim.token };
    try {
        await player.register(name, Object.assign({ signal }, registration));
        const game = await meet(player, signal);
        claim.release(true);
        return game;
    } catch (error) {
        if (error.name === "AbortError") leave(player, name, registration);
        else player._sender.close();
        claim.release(!PASSING.includes(error.kind));
        throw error;
    }
}

async function meet(player, signal) {
    for (;;) {
        try {
            await player.pair({ signal });
            await player.load({ signal });
            return await player.play({ signal });
        } catch (error) {
            if (error.kind !== "partnerLeftEarly") throw error;     // else waits for another
        }
    }
}

// Ends the registration, so that no partner is paired with it. Registering again returns the key if it never arrived.
async function leave(player, name, registration) {
    try {
        if (player._key === null) await player.register(name, registration);
        await player.unregister();
    } catch (error) {
        // The server drops the registration after its timeout.
    }
    player._sender.close();
}

/** How many players wait for any partner in a pool, and for how many seconds the first has: { count, seconds }. */
export async function waiting(url, pool, options = {}) {
    const query = poolOf(pool) && `?pool=${encodeURIComponent(pool)}`;
    return new RequestSender(toHttp(addressOf(url)), optionsOf(options)).getWaiting(query);
}

/** Comes back to a game from what save() returned, in this page or another. */
export async function resume(saved, options = {}) {
    const content = savedGameOf(saved), game = new TurnGame(content, optionsOf(options), content);
    await game._resumed;
    // A game that is over may still have turns to read.
    if (game.ended && !game._machine.inbox.unread.length) throw game.fault;
    return game;
}

/** One seat of a game. A loop sends its requests one after the other, until the game is over or quit. */
export class TurnGame {
    constructor({ url, partner, isHost, key, seat }, options, saved = null, sender = new RequestSender(url, options)) {
        Object.assign(this, { url, partner, isHost, key, seat });
        this.ended = null;              // null while the game continues; then why it is over, such as "15/5/*"
        this.fault = null;              // the same as a TurnError; null after quit()
        this.partnerSilent = null;      // seconds since the server last heard from the partner, as its last reply says
        // Private to this class.
        const { timing: times, savesEachTurn } = options;
        this._machine = new SeatMachine({ key, seat, timing: times, savesEachTurn, saved });
        this._sender = sender;
        this._holding = null;           // aborts the held request
        this._wakeLoop = () => {};
        this._cancelReaction = () => {};
        this._readers = [];             // wake turns()
        this._quitting = null;
        this._startedAt = this._sender.clock.now();
        this._awaitReaction();
        this._resumed = new Promise(resolve => { this._onResumed = resolve; });
        this._running = this._run();
    }

    get missed() {
        return this._machine.missed;
    }

    send(turn) {
        return this._put(turn, settle => ({ turn, onTaken: settle }));
    }

    post(turn) {
        const queued = this._put(turn, settle => ({ turn, onQueued: settle }));
        // A game that does not wait for it learns from ended that the game is over.
        if (!faultOf(turn)) queued.catch(() => {});
        return queued;
    }

    async *receive() {
        const { inbox } = this._machine;
        try {
            for (;;) {
                while (inbox.unread.length) {
                    this._awaitReaction();
                    yield inbox.take();
                    this._startReading();
                }
                if (this.ended) return;
                this._startReading();
                await new Promise(resolve => this._readers.push(resolve));
            }
        } finally {
            this._startReading();
        }
    }

    turns() {
        return this.receive();
    }

    save(next) {
        const fault = next === undefined ? null : faultOf(next);
        if (fault) throw fault;
        const { outbox, inbox, counter } = this._machine, { taken, last, unsent } = outbox.content();
        return JSON.stringify({
            version: 1, url: this.url, key: this.key, seat: this.seat, partner: this.partner, isHost: this.isHost,
            counter, taken, last, unsent: unsent.concat(next === undefined ? [] : next),
            received: inbox.received, unread: inbox.unread,
        });
    }

    saved(text) {
        this._machine.noteSaved(savedGameOf(text).received);
        this._wakeLoop();
    }

    quit() {
        this._quitting = this._quitting || this._leave();
        return this._quitting;
    }

    _put(turn, entryOf) {
        const over = this.ended || this._quitting ? this.fault || new TurnError(this.ended || QUIT) : null;
        const fault = faultOf(turn) || over;
        if (fault) return Promise.reject(fault);
        return new Promise((resolve, reject) => {
            this._machine.outbox.put(entryOf(error => error ? reject(error) : resolve()));
            this._sendSoon();
        });
    }

    async _leave() {
        this._machine.outbox.isLast = true;
        this._sendSoon();
        await this._running;
        // The loop has tried for long enough.
        if (!this.fault || !["unreachable", "notTurnServer"].includes(this.fault.kind))
            await this._sender.send({ body: `5,*,${this.key},${this.seat},*` });
        this._sender.close();
    }

    async _run() {
        const { outbox } = this._machine;
        try {
            while (!this.ended) {
                const { isOver, pause, request } = this._machine.next(this._now());
                if (isOver) break;
                if (pause) await this._pause(pause);
                else if (request.wait) await this._sendHeld(request);
                else this._complete(await this._sender.send(request));
            }
        } catch (bug) {
            this.fault = bug;
            this.ended = String(bug);
        }
        this.ended = this.ended || QUIT;
        outbox.drop(this.fault || new TurnError(this.ended));
        if (!this._quitting) this._sender.close();
        this._onResumed();
        this._wake();
    }

    async _sendHeld(request) {
        this._holding = new AbortController();
        const outcome = await this._sender.send(request, this._holding.signal);
        this._holding = null;
        if (outcome) this._complete(outcome);
        else this._machine.abandon(this._now());
    }

    _complete(outcome) {
        const machine = this._machine, { reply } = outcome;
        if (reply && reply.partnerSilent !== null) this.partnerSilent = reply.partnerSilent;
        const takenBefore = machine.outbox.taken;
        machine.complete(outcome, this._now());
        if (machine.outbox.taken > takenBefore) this._awaitReaction();
        if (machine.ended && !this.ended) {
            this.fault = machine.ended;
            this.ended = machine.ended.reply;
        }
        if (machine.isResumed) this._onResumed();
        if (this.ended || machine.inbox.unread.length) this._wake();
    }

    // Nobody waits for turns before the game has had time to answer.
    _awaitReaction() {
        this._cancelReaction();
        this._machine.isReading = false;
        this._cancelReaction = this._sender.clock.after(REACTION, () => this._startReading());
    }

    _startReading() {
        this._cancelReaction();
        this._machine.isReading = true;
        this._wakeLoop();
    }

    _sendSoon() {
        if (this._holding && this._machine.shouldAbandon) this._holding.abort();
        this._wakeLoop();
    }

    _pause(milliseconds) {
        return new Promise(resolve => {
            const cancel = this._sender.clock.after(milliseconds, resolve);
            this._wakeLoop = () => {
                cancel();
                resolve();
            };
        });
    }

    // Wakes turns().
    _wake() {
        this._readers.splice(0).forEach(resolve => resolve());
    }

    _now() {
        return this._sender.clock.now() - this._startedAt;
    }
}
