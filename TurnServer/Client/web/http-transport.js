// Carries each request as a POST (PROTOCOL.md, "Request" and "Reply").

import { answered, isTransient, lost, notTurnServer, outcomeOf } from "./outcomes.js";
import { parseReply } from "./turn-error.js";

// What an answer means for a request.
function judge(symbol, { status, headers }, text) {
    const outcome = outcomeOf(symbol, text, {
        wait: headers.get("Preference-Applied"), counter: headers.get("Turn-Counter"),
        taken: headers.get("Turns-Taken"), acknowledged: headers.get("Turns-Acknowledged"),
        silent: headers.get("Partner-Silent"), retry: headers.get("Retry-After"),
    });
    if (outcome) return outcome;
    // Chromium takes an answer whose headers are cut short for complete.
    if (text === "" && status === 200) return lost("the answer was empty");
    if (status === 0) return notTurnServer("it redirects", text);
    if (isTransient(status)) return lost(`the answer was ${status}`, text);
    // From a proxy whose limit is lower than the server's.
    if (status === 413) return answered(parseReply("20/*/*"));
    return notTurnServer(`it answers ${status}, but not like a turn server`, text);
}

/** Carries requests over fetch. */
export class HttpTransport {
    /** fetch: sends one request, as the global function does. */
    constructor(url, { fetch: send = (...request) => fetch(...request) }) {
        this._url = url;
        this._fetch = send;
    }

    /** Sends a request once; resolves to its outcome. Aborting the signal ends it. */
    exchange({ body, wait, received }, signal) {
        const headers = { "Content-Type": "text/plain" };
        if (wait >= 1000) headers["Prefer"] = `wait=${Math.floor(wait / 1000)}`;
        if (received !== null) headers["Turn-Received"] = String(received);
        const request = { method: "POST", body, headers, redirect: "manual", cache: "no-store", signal };
        return this.ask(this._url, request, (response, text) => judge(Number(body[0]), response, text));
    }

    /** Sends any request; resolves to what read makes of the response and its text. */
    async ask(url, request, read) {
        try {
            const response = await this._fetch(url, request);
            return read(response, await response.text());
        } catch (error) {
            return lost(error.cause ? `${error.message}: ${error.cause.message || error.cause.code}` : error.message);
        }
    }

    /** Nothing to do: the request's connection is closed with it. */
    noteOverdue() {}

    /** Nothing to do: fetch keeps the connections. */
    close() {}
}
