// The client's rules for one seat of a game, without I/O, timers or a clock: which request to send next, and what a
// reply means. The server's PROTOCOL.md has the reasons. Times are in milliseconds; the caller says what time it is.

import { BACKLOG_BYTES_MAX, Inbox, Outbox, ReceivedBlock, bytesOf } from "./seat-queues.js";
import { TurnError } from "./turn-error.js";

const BODY_BYTES_MAX = 16384;

/** The longest turn, in bytes of UTF-8: the longest body minus what its other fields can take. */
export const TURN_BYTES_MAX = BODY_BYTES_MAX - 64;

// With more than this in the block, the partner's longest update may be refused.
const NEARLY_FULL_BYTES = BACKLOG_BYTES_MAX - BODY_BYTES_MAX;

// No seat reaches it: the refusal says which counter was the last. A string, as a double cannot hold it.
const UNREACHABLE_COUNTER = "9223372036854775807";

// An earlier process may have used this many counters after the last one known to be taken: that of an abandoned held
// update, and the next.
const UNDER_WAY_MAX = 2;

const BEHIND = 18, AHEAD = 19, TOO_LONG = 20, FULL = 21;
const NO_DATA = 10, REDUNDANT = 11;

const IDLE = "idle", UPDATING = "updating", RESUMING = "resuming";
const CONFIRMING = "confirming";        // the server lacks an abandoned update: sends the abandoned ones again first
const BACKLOG_FULL = "backlog full";    // the partner's backlog has no room for the update
const REPEATING = "repeating";          // repeats the last update: collects turns and acknowledges nothing
const FREEING = "freeing";              // sends an empty update under the refused one's counter, to acknowledge

const NO_REPLY = { error: 0, code: null, data: "", isHeld: false, turnCounter: null, totals: null };
const ASSUMED = { reply: Object.assign({}, NO_REPLY, { code: NO_DATA }), fault: null };

// With other codes * is a turn.
const isEmpty = ({ code, data }) => code === NO_DATA || (code === REDUNDANT && data === "*");
const withoutWait = request => Object.assign({}, request, { wait: 0 });
const outOfStep = message => new TurnError(message, message, "outOfStep");

/**
 * The rules for one seat. The caller does what next() says and reports the outcome with complete() or abandon(). An
 * outcome is { reply, fault }: a parsed reply or null, and the TurnError if the request was refused or lost.
 */
export class SeatMachine {
    /** timing is read at each step; saved: the content of a saved game, or null. */
    constructor({ key, seat, timing, savesEachTurn = false, saved = null }) {
        this.outbox = new Outbox(saved || {});
        this.inbox = new Inbox(saved || {});
        this.isReading = false;         // whether the game waits for a turn, so that a reply may be held
        this.isResumed = !saved;        // false until a saved game is resumed or over
        this.ended = null;              // why the game is over
        this.counter = -1;              // of the last update that was taken
        this._tail = `,${key},${seat},`;
        this._timing = timing;
        this._savesEachTurn = savesEachTurn;
        this._savedReceived = -1;       // how many of the partner's turns the last saved game has; -1: none was saved
        this._block = new ReceivedBlock();
        this._state = IDLE;
        this._request = null;           // the request under way
        this._update = null;            // the next update to be taken
        this._lastTaken = null;
        this._unconfirmed = [];         // updates whose replies were abandoned; assumed to be taken
        this._confirmed = 0;
        this._batchBytesMax = TURN_BYTES_MAX;   // lowered once the server or a proxy has refused a longer one
        this._canHold = true;
        this._heardAt = 0;
        this._fullPause = 0;
        this._retryAt = 0;
        // Empty updates come first, up to this counter: once it is taken, no late update of an earlier process can be.
        this._fence = -1;
        if (saved) {
            this.counter = saved.counter;
            this._fence = saved.counter + UNDER_WAY_MAX;
            this._savedReceived = saved.received;
            this._askWhereTheGameStands();
        }
    }

    /** How many of the partner's turns are missing in a resumed game. */
    get missed() {
        return this._block.missed;
    }

    /** Whether to abandon a held reply, because there is something to send. */
    get shouldAbandon() {
        return this.outbox.hasTurns || this.outbox.isFinished;
    }

    /** A game with this many of the partner's turns has been saved. */
    noteSaved(received) {
        this._savedReceived = received;
    }

    /** What to do next: { request: { body, wait, received } }, { pause } or { isOver: true }. */
    next(now) {
        if (this._state === IDLE) return this._begin(now);
        if (this._state === BACKLOG_FULL) {
            if (now < this._retryAt) return { pause: this._retryAt - now };
            if (this.inbox.hasRoom && this.counter >= 0) this._send(REPEATING, this._lastTaken);
            else this._sendUpdate();
        }
        return { request: this._request };
    }

    /** The request under way has been answered, or has failed for good. */
    complete({ reply: answer, fault }, now) {
        const reply = answer || NO_REPLY, outcome = { reply, fault };
        if (this._request.wait) this._canHold = reply.isHeld || (this._canHold && !isEmpty(reply));
        switch (this._state) {
            case UPDATING: return this._completeUpdate(outcome, now);
            case CONFIRMING: return this._confirm(outcome, now);
            case REPEATING: return this.outbox.batch.length ? this._collect(outcome, now)
                : this._completeRepetition(outcome, now);
            case FREEING: return this._freeCounter(outcome, now);
            default: return this._completeResuming(outcome, now);
        }
    }

    /** The held request under way has been abandoned. */
    abandon(now) {
        // The result of these turns must be known before others are sent.
        if (this.outbox.batch.length) {
            this._request = withoutWait(this._request);
            return;
        }
        this._unconfirmed.push(withoutWait(this._request));
        this._finish(ASSUMED, now);
    }

    _begin(now) {
        const { outbox, inbox } = this;
        if (this.ended || outbox.isFinished) return { isOver: true };
        // Nothing is sent before the first save: until then the registration's token leads back to the game.
        if (this._savesEachTurn && this._savedReceived < 0 && !outbox.isLast) return { pause: this._timing.keepAlive };
        if (this.counter < this._fence) return this._startUpdate(0);
        if (outbox.hasTurns && (inbox.hasRoom || outbox.isLast)) {
            outbox.takeBatch(this._batchBytesMax);
            this._fullPause = this._timing.firstFullPause;
            // Ask for a held reply only if neither a sender nor further turns wait for this update's result.
            const isAwaited = outbox.hasTurns || outbox.isLast || outbox.batch.some(({ onTaken }) => onTaken);
            return this._startUpdate(isAwaited ? 0 : this._wait);
        }
        const isWaiting = this.isReading && !inbox.unread.length;
        const pause = this._silenceMax(isWaiting) - (now - this._heardAt);
        if (pause > 0) return { pause };
        if (this.counter < 0 || (inbox.hasRoom && !this._hasUnsaved))
            return this._startUpdate(isWaiting ? this._wait : 0);
        return this._send(REPEATING, this._lastTaken);
    }

    // How long to send nothing after the last reply.
    _silenceMax(isWaiting) {
        const { keepAlive, pollInterval } = this._timing;
        if (!isWaiting || !this.inbox.hasRoom || this._hasUnsaved) return keepAlive;
        return this._canHold && this._wait ? 0 : Math.min(pollInterval, keepAlive);
    }

    // The header Prefer has whole seconds.
    get _wait() {
        return Math.floor(this._timing.wait / 1000) * 1000;
    }

    // Turns that no saved game has are not acknowledged, and no reply is held while there are any.
    get _hasUnsaved() {
        return this._acknowledgeable.length < this._block.text.length;
    }

    get _acknowledgeable() {
        // A resumed game takes no further blocks while the inbox is full.
        if (this.counter < this._fence && !this.inbox.hasRoom) return "";
        return this._savesEachTurn ? this._block.upTo(this._savedReceived) : this._block.text;
    }

    _send(state, request) {
        this._state = state;
        this._request = request;
        return { request };
    }

    _startUpdate(wait) {
        this._update = this._compose(this.outbox.batch, wait);
        return this._sendUpdate();
    }

    _sendUpdate() {
        this._confirmed = 0;
        return this._resendUpdate();
    }

    // Not held any more once other turns wait for its result.
    _resendUpdate() {
        return this._send(UPDATING, this.shouldAbandon ? withoutWait(this._update) : this._update);
    }

    _compose(batch, wait) {
        const acknowledges = this._acknowledgeable;
        const body = `6,${batch.map(({ turn }) => turn).join("|")}${this._tail}${this.counter + 1}`;
        return { body, wait, acknowledges, received: this.counter < 0 ? null : bytesOf(acknowledges) };
    }

    // An update without turns that is sent for what its refusal or repetition says.
    _question(counter) {
        return { body: `6,${this._tail}${counter}`, wait: 0, acknowledges: "", received: null };
    }

    _completeUpdate(outcome, now) {
        const { error } = outcome.reply;
        if (error === AHEAD && this._unconfirmed.length && !this._confirmed) {
            this._send(CONFIRMING, this._unconfirmed[0]);
        } else if (this._isOvertaken(error)) {
            this._askWhereTheGameStands();
        } else {
            // Length is checked before the counter: this refusal tells nothing about earlier updates.
            if (error !== TOO_LONG) this._unconfirmed = [];
            this._finish(outcome, now);
        }
    }

    _confirm(outcome, now) {
        // Behind: this update arrived late after all, and then a late copy of the refused one was taken.
        if (outcome.fault && outcome.reply.error !== BEHIND) this._finish(outcome, now);
        else if (++this._confirmed < this._unconfirmed.length)
            this._send(CONFIRMING, this._unconfirmed[this._confirmed]);
        else this._resendUpdate();
    }

    _finish(outcome, now) {
        const { error } = outcome.reply, hasTurns = this.outbox.batch.length > 0;
        if (hasTurns && error === FULL) {
            // A late copy may still be taken: the very same update is repeated until it is.
            this._state = BACKLOG_FULL;
            this._retryAt = now + this._fullPause;
            this._fullPause = Math.min(2 * this._fullPause, this._timing.longestFullPause);
        } else if (hasTurns && error === TOO_LONG) {
            this._refuse(outcome.fault, now);
        } else {
            this._take(this._update, outcome, now);
            this._completeBatch(outcome.fault);
        }
    }

    // Too long for the server or a proxy: several turns are split up, a single one is refused.
    _refuse(fault, now) {
        const { batch } = this.outbox;
        this._heardAt = now;
        if (batch.length > 1) {
            this._batchBytesMax = Math.floor(batch.reduce((bytes, { turn }) => bytes + bytesOf(turn), 0) / 2);
            this.outbox.returnBatch();
            this._state = IDLE;
            return;
        }
        // Nobody would learn that a posted turn was refused.
        if (!batch[0].onTaken) this.ended = fault;
        this._completeBatch(fault);
    }

    // Repeated the last update while the partner's backlog is full.
    _collect(outcome, now) {
        // The refused update has been taken after all; repeating it will show that.
        if (outcome.reply.error === BEHIND) {
            this._sendUpdate();
            return;
        }
        this._deliver(outcome, now);
        const isNearlyFull = bytesOf(this._block.text) > NEARLY_FULL_BYTES && this._acknowledgeable !== "";
        if (this.ended) this._completeBatch(this.ended);
        else if (isNearlyFull && outcome.reply.totals) this._send(FREEING, this._compose([], 0));
        else this._sendUpdate();
    }

    // Both backlogs may be full, and only an update that is taken acknowledges (PROTOCOL.md, "Rules for clients").
    _freeCounter(outcome, now) {
        const { totals } = outcome.reply;
        if (totals && totals.taken > this.outbox.taken) {
            // The refused update has been taken after all; repeating it gets its block.
            this._sendUpdate();
            return;
        }
        this._take(this._request, outcome, now);
        if (this.ended) {
            this._completeBatch(this.ended);
            return;
        }
        // The counter has carried an empty update, so the turns go out under the next one.
        this.outbox.returnBatch();
        this._state = IDLE;
    }

    _completeRepetition(outcome, now) {
        if (this._isOvertaken(outcome.reply.error)) {
            this._askWhereTheGameStands();
            return;
        }
        this._deliver(outcome, now);
        this._state = IDLE;
        this.isResumed = true;
    }

    _take(update, outcome, now) {
        const { reply, fault } = outcome;
        if (!fault) {
            this.counter++;
            this._lastTaken = withoutWait(update);
            // A counter that was taken before, perhaps by an update of another process: the totals say what was taken.
            const totals = reply.code === REDUNDANT ? reply.totals : null;
            this._block.acknowledge(totals ? this._block.upTo(totals.acknowledged) : update.acknowledges);
            if (totals) this._setTaken(totals.taken);
        }
        this._deliver(outcome, now);
    }

    _deliver({ reply, fault }, now) {
        this._heardAt = now;
        if (fault) {
            this.ended = fault;
            return;
        }
        // As the first reply to a counter, 0/11/* may stand for a turn "*". It is skipped: as 0 bytes are acknowledged,
        // a real turn comes again.
        if (isEmpty(reply)) return;
        const turns = this._block.grow(reply.data);
        if (turns !== null) this.inbox.put(turns);
    }

    _completeBatch(fault) {
        this.outbox.completeBatch(fault);
        this._state = IDLE;
    }

    _setTaken(taken) {
        const isKnown = this.outbox.trySetTaken(taken);
        if (!isKnown) this.ended = outOfStep("the server has lost turns that it had taken");
        return isKnown;
    }

    _askWhereTheGameStands() {
        this._send(RESUMING, this._question(UNREACHABLE_COUNTER));
    }

    // Whether a late update of an earlier process has been taken meanwhile, beyond the counter of this request.
    _isOvertaken(error) {
        return this.counter < this._fence && error === BEHIND;
    }

    // The refusal says where the game stands; then the last block comes again (PROTOCOL.md, "Coming back").
    _completeResuming({ reply, fault }, now) {
        const { turnCounter, totals } = reply, { inbox } = this;
        this._heardAt = now;
        this._state = IDLE;
        if (turnCounter === null || !totals) {
            this.ended = fault && reply.error !== AHEAD ? fault : outOfStep("the server does not say what it has "
                + "taken: it, or its part of this game, is older than this client");
        } else if (this._setTaken(totals.taken)) {
            this.counter = turnCounter;
            this._block.resume(totals.acknowledged, inbox.received);
            inbox.received = Math.max(inbox.received, totals.acknowledged);
            this._fence = Math.max(this._fence, turnCounter + UNDER_WAY_MAX);
            this._lastTaken = this._question(turnCounter);
            if (turnCounter >= 0) this._send(REPEATING, this._lastTaken);
        }
        if (this._state === IDLE) this.isResumed = true;
    }
}
