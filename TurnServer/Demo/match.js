// One player's way through the client: wait for a partner, play, come back after a reload, play again. It knows nothing
// of the page; onChange is called whenever something to be shown has changed.

import { play, resume, waiting } from "./client/turn-client.js";
import { Connection } from "./connection.js";
import { GIVE_UP, againTurn, agreedPool, replay } from "./round.js";
import { forgetGame, holdSeat, loadGame, storeGame } from "./storage.js";

// The page's folder is the server's root, also behind a proxy that serves both under a path.
const SERVER = "./";

// The demo's players are paired among themselves: another game may be using the same server.
const POOL = "last-letter";

// A partner with a working connection stays below 5 s.
const SILENT_SECONDS = 10;

const RETRY_PAUSE = 1000;

// While waiting, all of these pass: a phone froze the page, the server is starting again.
const PASSING = ["unreachable", "notTurnServer", "serverBusy", "registrationGone"];

const pause = () => new Promise(resolve => setTimeout(resolve, RETRY_PAUSE));

/** Draws a code that nobody guesses, for a pool of two. */
export const drawCode = () => Array.from(crypto.getRandomValues(new Uint8Array(12)),
    byte => "abcdefghijklmnopqrstuvwxyz23456789"[byte % 34]).join("");

export const isCode = text => /^[a-z2-9]{12}$/.test(text);

export class Match {
    constructor(onChange) {
        this._onChange = onChange;
        this._connection = new Connection(SERVER, onChange);
        this._options = { savesEachTurn: true, fetch: this._connection.fetch };
        this._cancelling = null;
        this._reset();
    }

    get isOffline() {
        return this._connection.isLost || (this.phase === "playing" && !this._game && !this.farewell);
    }

    /** Whether the server has not heard from the partner for a while. */
    get isPartnerSilent() {
        return !this.isOffline && !!this._game && !this._game.ended && this._game.partnerSilent >= SILENT_SECONDS;
    }

    get isMyTurn() {
        return this.phase === "playing" && !this.round.end && !this.farewell && this.round.next === this.seat;
    }

    /** Whether a turn can be made: without a connection it is sent later, but not while coming back. */
    get canSend() {
        return this.phase === "playing" && !!this._game && !this._game.ended;
    }

    /** How many players wait for anyone; null if the server does not say. */
    countWaiting() {
        return waiting(SERVER, POOL, this._options).then(({ count }) => count, () => null);
    }

    /** Takes up what this tab was doing before it was reloaded. */
    async restore() {
        const stored = loadGame();
        if (stored && !stored.saved) this._wait(stored.line);
        if (!stored || !stored.saved) return;
        if (await holdSeat(stored.seatKey)) await this._comeBack(stored);
        else forgetGame();
    }

    /** Waits for a partner: anyone, or who has the same code. */
    meet(name, code = null) {
        return this._wait({ name, code, pool: code ? `${POOL}-${code}` : POOL, rematchWith: null });
    }

    cancel() {
        this._cancelling.abort();
        this._toStart(null);
    }

    /** Makes a turn of this player; the caller has checked that the rules allow it. */
    async send(text) {
        const game = this._game;
        this.turns.push({ seat: this.seat, text });
        this.round = replay(this.turns);
        this.unsent++;
        this._save(game.save(text));
        this._onChange();
        // Why it failed is why the game is over, which _follow tells.
        await game.send(text).catch(() => {});
        if (game !== this._game) return;
        this.unsent--;
        this._onChange();
        this._settle();
    }

    giveUp() {
        return this.send(GIVE_UP);
    }

    /** Tells the partner that this player wants another game. */
    playAgain() {
        return this.send(againTurn(drawCode()));
    }

    /** Leaves the game; the partner is told. */
    leave() {
        const game = this._game;
        this._toStart(null);
        if (game) game.quit();
    }

    _toStart(error) {
        forgetGame();
        this._reset();
        this.error = error;
        this._onChange();
    }

    _reset() {
        Object.assign(this, {
            phase: "start", error: null, line: null, turns: [], round: replay([]), seat: 0, partner: "",
            unsent: 0,                  // turns that the server has not confirmed
            farewell: null,             // why the game cannot go on, nor another begin with this partner
            _game: null, _saved: null, _seatKey: null,
        });
    }

    // line: { name, pool, code, rematchWith }
    async _wait(line) {
        this._reset();
        Object.assign(this, { phase: "waiting", line });
        storeGame({ line });
        this._onChange();
        this._cancelling = new AbortController();
        const game = await this._pair(line, this._cancelling.signal);
        if (game) await this._begin(game);
    }

    // Null once cancelled, or if the server refuses this player.
    async _pair({ name, pool }, signal) {
        for (;;) {
            try {
                const game = await play(SERVER, name, "*", Object.assign({ pool, signal }, this._options));
                if (!signal.aborted) return game;
                game.quit();
            } catch (error) {
                if (!signal.aborted && !PASSING.includes(error.kind)) this._toStart(error.message);
                if (this.phase === "start") return null;
            }
            if (signal.aborted) return null;
            await pause();
        }
    }

    _begin(game) {
        const saved = game.save();
        this._seatKey = JSON.parse(saved).key;
        holdSeat(this._seatKey);
        return this._follow(game, saved);
    }

    // From what was stored: { line, seat, seatKey, partner, turns, saved }.
    async _comeBack({ line, seat, seatKey, partner, turns, saved }) {
        Object.assign(this, { phase: "playing", line, seat, partner, turns, _seatKey: seatKey, _saved: saved });
        Object.assign(this, { round: replay(turns), _game: null, unsent: 0 });
        this._onChange();
        while (this._saved === saved) {
            try {
                const game = await resume(saved, this._options);
                if (this._saved !== saved) game.quit();
                else await this._follow(game, game.save());
                return;
            } catch (error) {
                if (this._saved !== saved) return;
                if (!PASSING.includes(error.kind)) return void this._end(error);
            }
            await pause();
        }
    }

    // Reads the partner's turns until the game is over.
    async _follow(game, saved) {
        Object.assign(this, { phase: "playing", _game: game, seat: game.seat, partner: game.partner });
        this._save(saved);
        this._onChange();
        this._settle();
        for await (const text of game.receive()) {
            if (game !== this._game) return;
            this.turns.push({ seat: 1 - this.seat, text });
            this.round = replay(this.turns);
            // The server keeps a turn until it is stored here: a reload at any moment loses none.
            this._save(game.save());
            this._onChange();
            this._settle();
        }
        if (game !== this._game) return;
        if (game.fault && PASSING.includes(game.fault.kind)) await this._comeBack(this._stored());
        else this._end(game.fault);
    }

    _save(saved) {
        this._saved = saved;
        storeGame(this._stored());
        this._game.saved(saved);
    }

    _stored() {
        const { line, seat, _seatKey: seatKey, partner, turns, _saved: saved } = this;
        return { line, seat, seatKey, partner, turns, saved };
    }

    // Ends this game if both want the next one, or if the partner has broken a rule.
    async _settle() {
        const { round, _game: game } = this, pool = agreedPool(round);
        if (pool) {
            // Its last turn must be with the server before the stored game is forgotten.
            await game.quit();
            if (game === this._game) this._toRematch(pool);
        } else if (round.end && round.end.kind === "broken" && round.end.seat !== this.seat) {
            game.quit();
        }
    }

    _toRematch(pool) {
        const { line: { name, code }, partner } = this;
        this._wait({ name, code, pool: `${POOL}-${pool}`, rematchWith: partner });
    }

    // fault: a TurnError, or null after quit().
    _end(fault) {
        const pool = agreedPool(this.round);
        if (pool) return this._toRematch(pool);
        const { kind } = fault || {};
        this.farewell = kind === "partnerLeft" ? "partnerLeft"
            : kind === "outOfStep" ? "elsewhere" : fault ? "dropped" : "left";
        this._saved = null;
        forgetGame();
        this._onChange();
    }
}
