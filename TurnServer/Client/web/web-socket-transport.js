// Carries all requests over one WebSocket (PROTOCOL.md, "Over a WebSocket"). It is opened for the first request, and
// again for the next one after it was lost. While nothing has been sent for a while it is closed.

import { HttpTransport } from "./http-transport.js";
import { isTransient, lost, notTurnServer, outcomeOf } from "./outcomes.js";

const SUBPROTOCOL = "turn.1";

// A seat in a game sends more often by itself.
const IDLE_MAX = 10000;

// A server that answers over HTTP but has not opened a WebSocket this often never will.
const REFUSALS_MAX = 3;

/** The same URL for plain requests. */
export const toHttp = url => url.replace(/^ws/, "http");

/** The constructor of WebSockets that the options or the runtime have. */
export function webSocketOf(options) {
    const found = options.WebSocket || (typeof WebSocket === "undefined" ? null : WebSocket);
    if (found) return found;
    throw new TypeError("this runtime has no WebSocket: pass a constructor as the option WebSocket, such as that of "
        + "the npm package ws, or use a URL with http:// or https://");
}

/** Reads a message: { tag, text, parameters }, or null if it is no reply. */
export function parseMessage(message) {
    const [, tag, head, text] = typeof message === "string" && /^(\d{1,8})((?:;[^; ]*)*) ([^]*)$/.exec(message) || [];
    if (tag === undefined) return null;
    const parameters = {};
    for (const parameter of head.split(";").slice(1)) {
        const sign = parameter.indexOf("=");
        if (sign > 0) parameters[parameter.slice(0, sign)] = parameter.slice(sign + 1);
    }
    return { tag: Number(tag), text, parameters };
}

// One WebSocket, and the requests under way on it.
class Connection {
    constructor(socket, clock, onOpen, explainRefusal) {
        this.isClosed = false;
        this._isOpen = false;
        this._socket = socket;
        this._clock = clock;
        this._underWay = new Map();     // by tag: { symbol, message, settle }
        this._lastTag = 0;
        this._stopTimer = () => {};
        socket.onopen = () => this._open(onOpen);
        socket.onmessage = event => this._receive(event.data);
        // Browsers say nothing of why; other runtimes do.
        socket.onerror = event => {
            this._error = event.message;
            // Node 20 ends a handshake that fails without a close event.
            if (!this._isOpen) this._lose({}, explainRefusal);
        };
        socket.onclose = event => this._lose(event, explainRefusal);
    }

    failAfter(milliseconds) {
        this._stopTimer = this._clock.after(milliseconds,
            () => this.end(lost(`no answer within ${milliseconds / 1000} s`)));
    }

    add(compose, symbol, settle) {
        const tag = this._lastTag = this._lastTag % 99999999 + 1, message = compose(tag);
        this._underWay.set(tag, { symbol, message, settle });
        if (this._isOpen) {
            this._stopTimer();
            this._socket.send(message);
        }
        return tag;
    }

    // A reply that still comes is ignored.
    remove(tag) {
        this._underWay.delete(tag);
        if (this._underWay.size || !this._isOpen || this.isClosed) return;
        this._stopTimer();
        this._stopTimer = this._clock.after(IDLE_MAX, () => this.end(lost("the connection was idle")));
    }

    // Closes it; the requests under way have this outcome.
    end(outcome) {
        this.isClosed = true;
        this._stopTimer();
        const { _socket: socket } = this;
        socket.onopen = socket.onmessage = socket.onclose = () => {};
        socket.close();
        this._settleAll(outcome);
    }

    _open(onOpen) {
        this._stopTimer();
        if (this._socket.protocol !== SUBPROTOCOL) {
            this.end(notTurnServer("its WebSocket is not one for turns"));
            return;
        }
        this._isOpen = true;
        onOpen();
        this._underWay.forEach(({ message }) => this._socket.send(message));
    }

    _receive(data) {
        const message = parseMessage(data);
        if (!message) {
            this.end(notTurnServer("it sends messages that are no replies"));
            return;
        }
        const { tag, text, parameters } = message, request = this._underWay.get(tag);
        // It may have been given up.
        if (!request) return;
        request.settle(outcomeOf(request.symbol, text, parameters)
            || notTurnServer(`it answers ${text.slice(0, 40)}, but not like a turn server`, text));
    }

    _lose({ reason }, explainRefusal) {
        if (this.isClosed) return;
        this.isClosed = true;
        this._stopTimer();
        const why = this._error ? `: ${this._error}` : reason ? `: ${reason}` : "";
        if (this._isOpen) this._settleAll(lost(`the connection was closed${why}`));
        else explainRefusal(`no WebSocket could be opened${why}`).then(outcome => this._settleAll(outcome));
    }

    _settleAll(outcome) {
        this._underWay.forEach(({ settle }) => settle(outcome));
    }
}

export class WebSocketTransport {
    /** options: WebSocket, fetch, clock and timing of a client. */
    constructor(url, options) {
        this._url = url;
        this._options = options;
        this._constructor = webSocketOf(options);
        this._http = new HttpTransport(toHttp(url), options);
        this._connection = null;
        this._hasOpened = false;
        this._refusals = 0;
    }

    /** Sends a request once; resolves to its outcome. Aborting the signal ends it, but not the connection. */
    exchange({ body, wait, received }, signal) {
        const compose = tag => `${tag}${wait >= 1000 ? `;wait=${Math.floor(wait / 1000)}` : ""}`
            + `${received === null ? "" : `;received=${received}`} ${body}`;
        return new Promise(resolve => {
            const connection = this._connect();
            const settle = outcome => {
                connection.remove(tag);
                signal.removeEventListener("abort", abort);
                resolve(outcome);
            };
            const abort = () => settle(lost("it was given up"));
            const tag = connection.add(compose, Number(body[0]), settle);
            signal.addEventListener("abort", abort);
        });
    }

    /** A reply is overdue: a network may have lost the connection without a word. */
    noteOverdue() {
        this._end("a reply was overdue");
    }

    /** Closes the connection. A further request opens another. */
    close() {
        this._end("it was closed");
    }

    _end(why) {
        if (this._connection && !this._connection.isClosed) this._connection.end(lost(why));
    }

    _connect() {
        if (this._connection && !this._connection.isClosed) return this._connection;
        const { clock, timing } = this._options, onOpen = () => { this._hasOpened = true; };
        this._connection = new Connection(new this._constructor(this._url, SUBPROTOCOL), clock, onOpen,
            why => this._explainRefusal(why));
        this._connection.failAfter(timing.replyTimeout);
        return this._connection;
    }

    // A page cannot tell a server that refuses from none, so it asks over HTTP. A server that is about to start or stop
    // may do so too, but not again and again.
    async _explainRefusal(why) {
        if (this._hasOpened) return lost(why);
        const status = await this._http.ask(toHttp(this._url), { cache: "no-store" }, response => response.status);
        this._refusals = typeof status === "number" && !isTransient(status) ? this._refusals + 1 : 0;
        if (this._refusals < REFUSALS_MAX) return lost(why);
        return notTurnServer(`${why}, but GET is answered with ${status}; an older server, or one behind a proxy that `
            + `lets no WebSocket through, can be reached with ${/^\w+:/.exec(toHttp(this._url))[0]}//`);
    }
}
