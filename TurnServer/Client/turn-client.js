// A player's side of the turn protocol for web pages. What is sent arrives once and in order, whatever gets lost.
const WAIT = 20, PATIENCE = 30_000;
const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds, true));
const dataOf = reply => reply.replace(/^\d+\/\d+\//, "");

export class TurnError extends Error {      // .reply is what the server said, such as "15/5/*": the partner has quit
    constructor(reply) { super(`no game: ${reply}`); this.reply = reply; }
}

// Asks with the same words until there is an answer: the server takes each request only once.
async function ask(url, body, { wait = 0, received, cut } = {}) {
    const headers = { "Content-Type": "text/plain" };
    if (wait) headers["Prefer"] = `wait=${wait}`;
    if (received !== undefined) headers["Turn-Received"] = received;
    for (let until, pause = 50; ; pause = Math.min(2 * pause, 2000)) {
        const timeout = AbortSignal.timeout((wait + 5) * 1000);
        const signal = cut ? AbortSignal.any([cut, timeout]) : timeout;
        const reply = await fetch(url, { method: "POST", body, headers, signal }).then(r => r.text()).catch(() => "");
        if (cut?.aborted) return null;
        // 22 and 23 are to be asked again later, as is a proxy's page that the server is away.
        if (/^0\/\d+\//.test(reply)) return reply;
        if (/^\d+\/[\d*]+\/\*$/.test(reply) && !/^2[23]\//.test(reply)) throw new TurnError(reply);
        if (Date.now() > (until ??= Date.now() + PATIENCE)) throw new TurnError(reply || "the server is away");
        await sleep(pause * (1 + Math.random()) / 2);
    }
}

// Registers, waits for a partner (anybody, or the one named) and until both are ready.
export async function play(url, name, wanted = "*") {
    const token = crypto.getRandomValues(new Uint32Array(4)).join("");
    const key = dataOf(await ask(url, `0,${name},*,${wanted},${token}`));
    const step = async (symbol, again) => {
        for (; ; await sleep(100)) {
            const reply = await ask(url, `${symbol},*,${key},*,*`, { wait: again ? WAIT : 0 });
            if (reply !== again) return dataOf(reply);
        }
    };
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

export class TurnGame {
    ended = null;                           // why the game is over: the server's reply
    #counter = -1; #received; #unseen = null; #outbox = []; #inbox = []; #cut = null; #wake = () => {};

    constructor(url, partner, key, seat) {
        Object.assign(this, { url, partner, key, seat: Number(seat) });
        this.#run().catch(error => {
            this.ended ??= error.reply ?? String(error);
            this.#outbox.forEach(({ reject }) => reject(error));
            this.#wake();
        });
    }

    // Done when the server has it. A turn is a text of at most 16 000 bytes, not empty, without |.
    send(turn) {
        if (this.ended) return Promise.reject(new TurnError(this.ended));
        if (turn === "" || turn.includes("|")) return Promise.reject(new RangeError("not a turn"));
        return new Promise((resolve, reject) => {
            this.#outbox.push({ turn, resolve, reject });
            this.#cut?.abort();
        });
    }

    // The partner's turns, the moment they are made, until the game is over.
    async *turns() {
        for (;;) {
            while (this.#inbox.length) yield this.#inbox.shift();
            if (this.ended) return;
            await new Promise(resolve => this.#wake = resolve);
        }
    }

    async quit() {
        this.ended ??= "0/1/*";
        this.#cut?.abort();
        this.#wake();
        await ask(this.url, `5,*,${this.key},${this.seat},*`).catch(() => {});
    }

    // One loop owns the counter. With nothing to send the server holds the reply.
    async #run() {
        while (!this.ended) {
            const next = this.#outbox[0];
            this.#cut = next ? null : new AbortController();
            try {
                const isEmpty = await this.#update(next?.turn ?? "", next ? {} : { wait: WAIT, cut: this.#cut.signal });
                this.#outbox.splice(0, next ? 1 : 0).forEach(({ resolve }) => resolve());
                if (isEmpty && !next) await sleep(100);
            } catch (error) {
                if (error.reply !== "21/*/*") throw error;
                await sleep(5000);          // the partner has too much to read; an attempt that was lost comes no more
                await this.#update("", {});
            }
        }
        throw new TurnError(this.ended);
    }

    async #update(turn, how) {
        const body = `6,${turn},${this.key},${this.seat},${this.#counter + 1}`, received = this.#received;
        const askIt = () => ask(this.url, body, { received, ...how });
        const reply = await askIt().catch(async error => {
            if (error.reply !== "19/*/*" || !this.#unseen) throw error;
            await this.#unseen().catch(() => {});   // the held one that was cut short never arrived: it is asked first
            return askIt();
        });
        this.#counter++;
        this.#received = 0;
        // Cut short to send a turn: taken for taken. Its reply is not looked at, and what that held comes again.
        this.#unseen = reply === null ? () => ask(this.url, body, { received }) : null;
        if (reply === null || reply === "0/10/*" || reply === "0/11/*") return reply !== null;
        this.#received = new TextEncoder().encode(dataOf(reply)).length;
        this.#inbox.push(...dataOf(reply).split("|"));
        this.#wake();
        return false;
    }
}
