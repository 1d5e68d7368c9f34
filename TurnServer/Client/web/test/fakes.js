// A clock and a server for tests: time passes only when nothing else can happen.

import { setImmediate as settled } from "node:timers/promises";

export class FakeClock {
    constructor() {
        this._now = 0;
        this._timers = [];
    }

    now() {
        return this._now;
    }

    after(milliseconds, call) {
        const timer = { at: this._now + milliseconds, call };
        this._timers.push(timer);
        return () => { this._timers = this._timers.filter(other => other !== timer); };
    }

    /** Lets time pass until the promise is settled, and returns its outcome. */
    async until(promise) {
        let isDone = false;
        const done = () => { isDone = true; };
        promise.then(done, done);
        for (;;) {
            await settled();
            if (isDone) return promise;
            this._timers.sort((one, other) => one.at - other.at);
            const next = this._timers.shift();
            if (!next) throw new Error("nothing will happen any more");
            this._now = Math.max(this._now, next.at);
            next.call();
        }
    }
}

/** A reply of the server, or another answer: [status, text, headers]. */
function responseOf(answer) {
    const [status, text, headers = {}] = Array.isArray(answer) ? answer : [answer.startsWith("0/") ? 200 : 400, answer];
    return { status, headers: new Headers(headers), text: async () => text };
}

/**
 * Answers like fetch: with "0/10/*" or [status, text, headers]; "lost" fails at once, "silent" when it is aborted.
 * answer is called for each request.
 */
export function fakeFetch(answer, requests = []) {
    return async (url, request) => {
        const { body, headers, signal } = request;
        requests.push({ url, body, headers });
        const next = await answer(request, requests.length);
        if (next === "lost") throw new TypeError("fetch failed");
        if (next !== "silent") return responseOf(next);
        await new Promise((_, reject) => {
            if (signal.aborted) reject(new Error("aborted"));
            signal.addEventListener("abort", () => reject(new Error("aborted")));
        });
    };
}

/**
 * A constructor of WebSockets. serve is called with each and its number from 1: it may call accept(), refuse(),
 * reply(message) and drop(), and set onSent, which is called with each message. sockets lists them.
 */
export function fakeWebSockets(serve) {
    return class FakeWebSocket {
        static sockets = [];

        constructor(url, offered) {
            Object.assign(this, { url, offered, protocol: "", sent: [], isClosed: false, onSent: () => {} });
            const number = FakeWebSocket.sockets.push(this);
            Promise.resolve().then(() => serve(this, number));
        }

        accept(protocol = "turn.1") {
            this.protocol = protocol;
            if (!this.isClosed) this.onopen({});
        }

        refuse(message) {
            this.onerror({ message });
            this.drop();
        }

        reply(message) {
            if (!this.isClosed) this.onmessage({ data: message });
        }

        drop(reason = "") {
            if (!this.isClosed) this.onclose({ reason });
            this.isClosed = true;
        }

        send(message) {
            this.sent.push(message);
            Promise.resolve().then(() => this.onSent(message));
        }

        close() {
            this.isClosed = true;
        }
    };
}
