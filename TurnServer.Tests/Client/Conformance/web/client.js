// The web client's program for the tests of all clients; ../README.md describes its lines.
// node client.js vectors | play

import { TurnClient, TurnError, resume, timing } from "../../../../TurnServer/Client/web/turn-client.js";
import { PlainWebSocket } from "../../../../TurnServer/Client/web/test/plain-web-socket.js";
import { VectorSeat } from "../../../../TurnServer/Client/web/test/vector-seat.js";

const encode = text => text === "-" ? "%2D" : text === "" ? "-" : text.replace(/[%\x00-\x20\x7f]/g,
    letter => `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
const decode = field => {
    if (field === "-") return "";
    const bytes = Buffer.from(field).toString("latin1").replace(/%([0-9A-Fa-f]{2})/g,
        (_, digits) => String.fromCharCode(parseInt(digits, 16)));
    return Buffer.from(bytes, "latin1").toString();
};
const listOf = field => field === "-" ? [] : decode(field).split("|");
const numberOf = field => field === "-" ? null : Number(field);
const print = (...fields) => process.stdout.write(`${fields.join(" ")}\n`);

// Standard input, line by line. Only LF ends a line, unlike in node:readline.
async function *lines() {
    let rest = "";
    process.stdin.setEncoding("utf8");
    for await (const text of process.stdin) {
        const parts = (rest + text).split("\n");
        rest = parts.pop();
        yield* parts;
    }
}

const vectors = {
    create: null,
    seat: null,
    new(key, seat, wait, keepAlive, pollInterval, saves) {
        const options = { key, seat, wait, keepAlive, pollInterval, savesEachTurn: saves === "1" };
        this.create = saved => { this.seat = new VectorSeat(options, saved); };
        this.create(null);
    },
    resume(counter, taken, received, last, unsent, unread) {
        this.create({
            counter: Number(counter), taken: Number(taken), received: Number(received),
            last: listOf(last), unsent: listOf(unsent), unread: listOf(unread),
        });
    },
    send(turn) { this.seat.send(decode(turn)); },
    post(turn) { this.seat.post(decode(turn)); },
    receive() { this.seat.receive(); },
    quit() { this.seat.quit(); },
    saved() { this.seat.saved(); },
    elapse(seconds) { this.seat.elapse(Number(seconds)); },
    reply(text, held, ...headers) { this.seat.reply(decode(text), held === "1", ...headers.map(numberOf)); },
    unreachable() { this.seat.unreachable(); },
    abandon() { this.seat.abandon(); },
    next() {
        const { isOver, pause, request } = this.seat.next();
        if (isOver) return ["stop"];
        if (pause) return ["pause", pause / 1000];
        const { body, wait, received } = request;
        return ["request", encode(body), wait / 1000, received === null ? "-" : received];
    },
    read() { return ["turns", encode(this.seat.read().join("|"))]; },
    save() {
        const { counter, taken, received, last, unsent, unread } = this.seat.save();
        return ["save", counter, taken, received, ...[last, unsent, unread].map(turns => encode(turns.join("|")))];
    },
    outcome(turn) { return [this.seat.outcome(decode(turn))]; },
    ended() { return ["ended", this.seat.ended]; },
    missed() { return ["missed", this.seat.missed]; },
};

const TIMES = ["wait", "keepAlive", "pollInterval", "replyTimeout", "patience", "firstPause", "longestPause"];

const program = {
    game: null,
    savesEachTurn: false,
    options(...settings) {
        for (const [name, value] of settings.map(setting => setting.split("="))) {
            if (name === "savesEachTurn") this.savesEachTurn = value === "1";
            else if (TIMES.includes(name)) timing[name] = Number(value) * 1000;
            else throw new Error(`unknown option ${name}`);
        }
    },
    async register(url, name, partner, pool, token) {
        const orNone = field => field === "-" ? undefined : decode(field);
        const player = new TurnClient(decode(url), this.clientOptions());
        await this.start(async () => {
            await player.register(decode(name), {
                partner: orNone(partner), pool: orNone(pool), token: orNone(token),
            });
            print("registered", encode(player.token));
            return this.meet(player);
        });
    },
    async meet(player) {
        for (;;) {
            try {
                print("paired", encode((await player.pair()).partner));
                await player.load();
                return await player.play();
            } catch (error) {
                if (error.kind !== "partnerLeftEarly") throw error;
            }
        }
    },
    async resume(saved) {
        await this.start(() => resume(decode(saved), this.clientOptions()));
    },
    clientOptions() {
        return { savesEachTurn: this.savesEachTurn, WebSocket: PlainWebSocket };
    },
    async start(begin) {
        try {
            this.game = await begin();
        } catch (error) {
            if (error instanceof TurnError) print("failed", error.kind);
            else if (error instanceof RangeError) print("failed", "invalidRequest");
            else throw error;
            return;
        }
        print("started", this.game.seat);
        this.save();
        this.read(this.game);
    },
    async read(game) {
        for await (const turn of game.turns()) {
            print("turn", encode(turn));
            this.save();
        }
        if (game.fault) print("ended", game.fault.kind);
    },
    // To print is to store.
    save(next) {
        if (!this.savesEachTurn) return;
        const text = this.game.save(next);
        print("save", encode(text));
        this.game.saved(text);
    },
    // Does not wait: further turns may go out meanwhile.
    send(turn) {
        this.save(decode(turn));
        const { game } = this;
        game.send(decode(turn)).then(() => print("taken", turn), error => {
            if (!(error instanceof TurnError)) print("error", encode(error.message));
            if (game.ended) return;
            print("refused", turn);
            this.save();
        });
    },
    async post(turn) {
        this.save(decode(turn));
        await this.game.post(decode(turn)).catch(error => {
            if (!(error instanceof TurnError)) throw error;
        });
    },
    async quit() {
        await this.game.quit();
        print("left");
    },
};

async function carryOut(commands, line) {
    try {
        const [command, ...fields] = line.split(" ");
        return await commands[command](...fields);
    } catch (error) {
        return ["error", encode(error.message)];
    }
}

async function runVectors() {
    for await (const line of lines()) print(...await carryOut(vectors, line) || ["ok"]);
}

// Ends when its input ends, even if a command waits.
async function runProgram() {
    let last = Promise.resolve();
    for await (const line of lines()) {
        last = last.then(async () => {
            // The turns that have come are printed before a game is saved that counts them as read.
            await new Promise(setImmediate);
            const answer = await carryOut(program, line);
            if (answer) print(...answer);
        });
    }
    process.exit(0);
}

await (process.argv[2] === "vectors" ? runVectors() : runProgram());
