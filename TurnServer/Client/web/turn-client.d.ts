/** The longest turn, in bytes of UTF-8. */
export const TURN_BYTES_MAX: 16320;

/** Timeouts and intervals, in milliseconds. */
export interface Timing {
    /** How long the server may hold a reply without news, rounded down to whole seconds. 15000; 0: not at all. */
    wait: number;
    /** In addition to that, how long until a request counts as lost. 5000. */
    replyTimeout: number;
    /** How long to repeat a lost request; may be Infinity. 30000. */
    patience: number;
    /** The pause before the second repetition; each further pause is twice as long. The first is immediate. 50. */
    firstPause: number;
    /** The longest pause between repetitions. 2000. */
    longestPause: number;
    /** The pause before repeating a turn while the partner's backlog is full; each further one is twice as long. 2. */
    firstFullPause: number;
    /** The longest of these. 250. */
    longestFullPause: number;
    /** Between requests while turns have come that are not read or not saved. 5000. */
    keepAlive: number;
    /** Between requests, if the server does not hold replies. 1000. */
    pollInterval: number;
    /** How long another page has to answer that it uses the same token. 200. */
    claim: number;
}

/**
 * The timing of all players and games; a change takes effect with the next request. Unknown names are refused with
 * TypeError, other values with RangeError, when a player or game begins; hold, answer and poll are earlier names of
 * wait, replyTimeout and pollInterval.
 */
export const timing: Timing;

/** What a player can do about a fault. */
export type TurnFaultKind =
    /** No answer within the patience. */
    | "unreachable"
    /** The reply is not from a turn server: check the URL. */
    | "notTurnServer"
    /** The server will never take this: correct the name or the request. */
    | "invalidRequest"
    /** The server has no room for more players or games: register again later. */
    | "serverFull"
    /** The server was busy, or this address over its rate limit, for all of the patience. */
    | "serverBusy"
    /** The registration is gone: register again. */
    | "registrationGone"
    /** The partner left before the game; this player still waits: pair again. */
    | "partnerLeftEarly"
    /** The partner has left; everything it sent before has been received. */
    | "partnerLeft"
    /** The server no longer has this player's seat, or this player has quit: register again for another game. */
    | "seatGone"
    /** Client and server disagree about the counter: one of them has a bug, or two clients share a seat. */
    | "outOfStep";

/** Thrown when the game is over or cannot begin. The message is for users. */
export class TurnError extends Error {
    constructor(reply: string, message?: string, kind?: TurnFaultKind);
    /** The server's reply, such as "15/5/*" (the partner has quit), or a proxy's page or a text if there was none. */
    readonly reply: string;
    /** What can be done about it. */
    readonly kind: TurnFaultKind;
    /** The server's error code; 0 if the error did not come from the server. */
    readonly error: number;
    /** The detail of the server's error, if any. */
    readonly detail: number | null;
}

/** A player's partner. */
export interface Pairing {
    readonly partner: string;
    /** Whether this player hosts: its request made the pair. */
    readonly isHost: boolean;
}

/** The clock and timers. */
export interface Clock {
    /** Milliseconds since any fixed point. */
    now(): number;
    /** Calls back after this many milliseconds, unless the function that it returns is called before. */
    after(milliseconds: number, call: () => void): () => void;
}

/** What this client uses of a WebSocket. */
export interface WebSocketLike {
    readonly protocol: string;
    onopen: ((event: any) => void) | null;
    onmessage: ((event: any) => void) | null;
    onerror: ((event: any) => void) | null;
    onclose: ((event: any) => void) | null;
    send(message: string): void;
    close(): void;
}

/** Creates a WebSocket. */
export type WebSocketConstructor = new (url: string, subprotocol: string) => WebSocketLike;

/** An option with an unknown name is refused with TypeError. */
export interface ClientOptions {
    /**
     * Whether the app stores save() after each turn that it has read, and calls saved(). Then nothing is sent before
     * the first save, and turns that no saved game has are not acknowledged, so that an app which is killed at any
     * moment misses none. The next turns come only after a save.
     */
    savesEachTurn?: boolean;
    /** Timing of this player or game; members that are left out are those of the exported object. */
    timing?: Partial<Timing>;
    /** Sends one request, as the global fetch does. */
    fetch?: typeof fetch;
    /**
     * The constructor of WebSockets for URLs with ws:// or wss://, where there is none, as in Node before 22: such as
     * that of the npm package ws.
     */
    WebSocket?: WebSocketConstructor;
    /** Replaces the system's clock and timers, for tests. */
    clock?: Clock;
}

export interface CallOptions {
    /** Aborting it rejects the call with an AbortError. */
    signal?: AbortSignal;
}

export interface RegisterOptions extends CallOptions {
    /** The name of the only partner wanted, who must name this player in turn; "*" (the default): anybody. */
    partner?: string;
    /** Players are paired within their pool: 1 to 32 visible ASCII characters, no comma and no #. */
    pool?: string;
    /**
     * 1 to 64 visible ASCII characters other than * and comma, drawn at random. Registering again with the same token,
     * name, partner and pool before the game keeps the place in the queue. Only one player may use it at a time.
     */
    token?: string;
    /** Asks for the server's long pairing timeout, for debugging. */
    hasLongTimeout?: boolean;
}

export interface PlayOptions extends ClientOptions, CallOptions {
    /** As in RegisterOptions. */
    pool?: string;
    /** As in RegisterOptions. Without it a reloaded page keeps its place in the queue. */
    token?: string;
}

/**
 * Over HTTP, or, if the URL begins with ws:// or wss://, over one WebSocket, which is opened again whenever it is lost.
 * Registers, waits for a partner (any, or the one named), and resolves once both players are ready. Aborting the signal
 * before that ends the registration. Invalid arguments are rejected with RangeError or TypeError, all else with
 * TurnError.
 */
export function play(url: string | URL, name: string, wanted?: string, options?: PlayOptions): Promise<TurnGame>;

/**
 * Comes back to a game from what save() returned, in this process or another; the saved game must not be used any more.
 * TurnError: the game is over, and nothing is left to read. TypeError: this is not a saved game.
 */
export function resume(saved: string, options?: ClientOptions): Promise<TurnGame>;

/**
 * How many players wait for any partner in a pool, and for how many seconds the first has. Asks once. Through a proxy,
 * the URL must end with a slash and lead to the server's root.
 */
export function waiting(url: string | URL, pool?: string, options?: ClientOptions):
    Promise<{ count: number, seconds: number }>;

/**
 * One player up to the game, for games that load between pairing and playing: register, pair, load, play. Methods are
 * called one at a time; each repeats its request until the server answers, and rejects with TurnError.
 */
export class TurnClient {
    constructor(url: string | URL, options?: ClientOptions);
    /** The token of the last registration; null before the first. */
    readonly token: string | null;
    /** Registers this player to wait for a partner. */
    register(name: string, options?: RegisterOptions): Promise<void>;
    /** Waits for a partner, without a timeout. */
    pair(options?: CallOptions): Promise<Pairing>;
    /** Tells the server that this player is loading. */
    load(options?: CallOptions): Promise<void>;
    /** Tells the server that this player is ready, and waits until the partner is. */
    play(options?: CallOptions): Promise<TurnGame>;
    /** Gives up the registration, and the game with it if nothing was sent or received in it. */
    unregister(options?: CallOptions): Promise<void>;
}

/** One seat of a game, from play() or resume(). */
export class TurnGame {
    private constructor();
    /** 0 if this player was ready last, 1 if it was ready first. */
    readonly seat: 0 | 1;
    readonly partner: string;
    readonly isHost: boolean;
    /** Null while the game continues; then why it is over, such as "15/5/*", or "0/1/*" after quit(). */
    readonly ended: string | null;
    /** Why the game is over, as an error with kind and message; null while it continues, and after quit(). */
    readonly fault: Error | TurnError | null;
    /** For how many seconds the server had not heard from the partner when it sent its last reply. */
    readonly partnerSilent: number | null;
    /** How many of the partner's turns came after the last save of a resumed game, and are lost to it. */
    readonly missed: number;

    /**
     * Sends a turn; resolves once the server has taken it. An invalid turn is rejected with RangeError (TypeError if it
     * is not a string), and one that the server or a proxy finds too long with TurnError "20/*\/*"; the game continues.
     * After any other TurnError it is over.
     */
    send(turn: string): Promise<void>;

    /**
     * Queues a turn; resolves when there is room for it in the queue. The request that carries it also waits for the
     * partner's next turn, so that alternating play costs one request a turn. If the turn cannot be sent, as when the
     * server finds it too long, the game is over: see ended.
     */
    post(turn: string): Promise<void>;

    /**
     * The partner's turns, from where the last call stopped, until the game is over. A player that does not read exerts
     * back-pressure: the partner can send no more than the server's and this client's buffers hold, and once they are
     * full this player cannot send either.
     */
    receive(): AsyncGenerator<string, void, undefined>;

    /** The same as receive(). */
    turns(): AsyncGenerator<string, void, undefined>;

    /**
     * What is needed to come back with resume(): server, key, seat, counts, turns that the server has not taken, and
     * turns that were not read, as one line of text. Store it together with the state of your game after each turn that
     * you have read, where you read it, and before each that you send: save(turn) includes that turn, which is then
     * sent once, now or by the resumed game. Save again after a turn was refused as too long. Whoever has the text can
     * play this seat.
     */
    save(next?: string): string;

    /** The app has stored this text: see savesEachTurn. */
    saved(text: string): void;

    /** Leaves the game once the server has taken all turns that were sent or posted before. Never rejects. */
    quit(): Promise<void>;
}
