// Tells whether this page reaches the server. The client repeats lost requests by itself, for longer than a player
// likes to wonder why nothing happens.

import { waiting } from "./client/turn-client.js";

const PROBE_INTERVAL = 1000;

// The first repetition of a lost request is immediate, and most often succeeds.
const FAILURES = 2;

export class Connection {
    constructor(server, onChange) {
        this.isLost = false;
        this._server = server;
        this._onChange = onChange;
        this._failures = 0;
        this._probing = null;
        /** For the client's option of this name. */
        this.fetch = (url, options) => this._watch(url, options);
        addEventListener("offline", () => this._note(FAILURES));
        addEventListener("online", () => this._probe());
    }

    async _watch(url, options) {
        try {
            const response = await fetch(url, options);
            this._note(response.status < 500 ? 0 : this._failures + 1);
            return response;
        } catch (error) {
            // The client itself ends a request that it no longer waits for.
            if (!options.signal.aborted) this._note(this._failures + 1);
            throw error;
        }
    }

    _note(failures) {
        this._failures = failures;
        const isLost = failures >= FAILURES;
        if (isLost === this.isLost) return;
        this.isLost = isLost;
        clearInterval(this._probing);
        // The client's next request may be held: it succeeds only when there is news.
        if (isLost) this._probing = setInterval(() => this._probe(), PROBE_INTERVAL);
        this._onChange();
    }

    _probe() {
        waiting(this._server, undefined, { fetch: this.fetch }).catch(() => {});
    }
}
