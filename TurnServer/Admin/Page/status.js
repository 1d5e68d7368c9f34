// Reads status.json every two seconds and shows it. Players' input is only ever set as text.
import { Chart } from "./status-chart.js";
import { showCluster } from "./status-cluster.js";
import { Table } from "./status-tables.js";
import {
    bytes, clock, duration, element, moment, percent, plural, printable, rate, setText, showFacts, size, span, whole,
    words,
} from "./status-format.js";

const interval = 2000;
const timeout = 5000;
const find = id => document.getElementById(id);
const signs = { good: "M7 13.5l4 4 8-9", warning: "M13 6.5v8M13 19v.2", bad: "M8 8l10 10M18 8L8 18" };

let timer = null;
let request = null;
let lastAnswerAt = null;
let startedAt = null;
let isPaused = false;

const charts = [
    { title: "Requests per second", floor: 10, format: rate, series: [
        { key: "requestsPerSecond", name: "requests", color: "c1" },
        { key: "refusalsPerSecond", name: "refused", color: "c2" }] },
    { title: "Turns per second", floor: 10, format: rate, series: [
        { key: "turnsPerSecond", name: "turns", color: "c4" }] },
    { title: "Games and waiting players", floor: 10, format: whole, series: [
        { key: "games", name: "games", color: "c1" },
        { key: "playersWaiting", name: "waiting", color: "c3" }] },
    { title: "Time inside the server", floor: 100, format: value => duration(value).join("\u202F"), series: [
        { key: "servedMicroseconds", name: "mean, held replies excluded", color: "c5", mayBeMissing: true }] },
    { title: "Processor, 100\u202F% = one core", floor: 0.2, format: percent, series: [
        { key: "cores", name: "all", color: "c1" },
        { key: "actorBusyShare", name: "actor", color: "c4" },
        { key: "gcPauseShare", name: "GC pauses", color: "c2" }] },
    { title: "Memory", floor: 1e8, format: bytes, series: [
        { key: "residentBytes", name: "resident", color: "c1" },
        { key: "heapBytes", name: "managed", color: "c3" }] },
].map(spec => new Chart(spec));
find("charts").append(...charts.map(chart => chart.figure));

const pool = {
    title: "Pool", name: true, cell: row => row.pool === null ? "–" : printable(row.pool), key: row => row.pool,
    mark: row => row.pool === null ? "pool soft" : "pool",
};
const left = value => value === null ? "held" : span(value);
const players = new Table(find("players").querySelector(".scroll"), "Players before the game", [
    { title: "Name", name: true, cell: row => printable(row.name), key: row => row.name },
    { title: "Status", key: row => row.status,
        cell: row => row.hosts === null ? row.status : `${row.status}, ${row.hosts ? "host" : "guest"}` },
    { title: "Partner", name: true, key: row => row.partner,
        cell: row => row.partner === null ? "any player" : printable(row.partner),
        mark: row => row.partner === null ? "soft" : "" },
    pool,
    { title: "Address", cell: row => row.address, key: row => row.address },
    { title: "Age", number: true, cell: row => span(row.ageSeconds), key: row => row.ageSeconds },
    { title: "Dropped in", number: true, key: row => row.timeLeftSeconds,
        cell: row => row.status === "playing" ? "–" : left(row.timeLeftSeconds) },
], 5);
const seatsOf = (game, text) => game.seats.map(text);
const games = new Table(find("games").querySelector(".scroll"), "Games", [
    { title: "Players", name: true, key: row => row.seats[0].name,
        cell: row => seatsOf(row, seat => printable(seat.name)) },
    pool,
    { title: "Address", cell: row => seatsOf(row, seat => seat.address), key: row => row.seats[0].address },
    { title: "Counter", number: true, cell: row => seatsOf(row, seat => seat.counter < 0 ? "–" : whole(seat.counter)),
        key: row => Math.max(...row.seats.map(seat => seat.counter)) },
    { title: "Backlog", number: true, cell: row => seatsOf(row, seat => bytes(seat.backlogBytes)),
        key: row => Math.max(...row.seats.map(seat => seat.backlogBytes)) },
    { title: "Dropped in", number: true, cell: row => seatsOf(row, seat => seat.left ?? left(seat.timeLeftSeconds)),
        key: row => Math.min(...row.seats.map(seat => seat.timeLeftSeconds ?? Infinity)) },
    { title: "Age", number: true, cell: row => span(row.ageSeconds), key: row => row.ageSeconds },
], 6);
const settings = new Table(find("settings").querySelector(".scroll"), "Settings", [
    { title: "Flag", cell: row => row.name },
    { title: "Value", cell: row => row.value, mark: row => row.isDefault ? "" : "changed" },
    { title: "Default", cell: row => row.default, mark: () => "soft" },
    { title: "Purpose", cell: row => row.help, mark: () => "prose" },
]);

function showTiles(status) {
    const { now, limits } = status;
    const memory = size(now.residentBytes);
    const served = now.servedMicroseconds === null ? "none in the last seconds"
        : `${duration(now.servedMicroseconds).join("\u202F")} each, held replies excluded`;
    const tiles = [
        ["Games", whole(now.games), "", `limit ${whole(limits.games)}`],
        ["Players waiting", whole(now.playersByStatus.waiting), "", `${whole(now.players)} registered in all`],
        ["Requests", rate(now.requestsPerSecond), "/s", served],
        ["Turns", rate(now.turnsPerSecond), "/s", `${bytes(now.turnBytesPerSecond)}/s`],
        ["Held replies", whole(now.heldReplies), "",
            `${plural(now.requestsUnderWay, "request", "requests")} in progress`],
        ["Refused", rate(now.refusalsPerSecond), "/s", `${rate(now.rateLimitedPerSecond)}/s by limits per address`],
        ["Processor", percent(now.cores === null ? null : now.cores / limits.cores), "",
            `of ${plural(limits.cores, "core", "cores")}; actor busy ${percent(now.actorBusyShare)}`],
        ["Memory", memory[0], memory[1], `${bytes(now.heapBytes)} managed; GC pauses ${percent(now.gcPauseShare)}`],
    ];
    const list = find("tiles");
    while (list.children.length < tiles.length) {
        list.append(element("div.tile", element("dt"),
            element("dd", element("span.figure", element("span"), element("span.unit")), element("span.note"))));
    }
    tiles.forEach(([title, figure, unit, note], i) => {
        const tile = list.children[i];
        setText(tile.firstChild, title);
        const [shown, remark] = tile.lastChild.children;
        setText(shown.firstChild, figure);
        setText(shown.lastChild, unit && "\u202F" + unit);
        setText(remark, note);
    });
}

function showMeters(status) {
    const { now, limits } = status;
    const list = find("limits");
    const meters = [
        ["Players", now.players, limits.players, whole], ["Games", now.games, limits.games, whole],
        ["Connections", now.connections, limits.connections, whole],
        ["File descriptors", now.descriptors, limits.descriptors, whole],
        ["Actor's mailbox", now.mailboxMessages, limits.mailboxMessages, whole],
        ["Memory", now.residentBytes, limits.memoryBytes, bytes],
    ];
    meters.forEach(([name, value, limit, format], i) => {
        const row = list.children[i]
            ?? list.appendChild(element("div", element("dt"), element("dd"), element("div.meter", element("div"))));
        const share = value === null ? 0 : Math.min(1, value / limit);
        setText(row.children[0], name);
        setText(row.children[1], `${format(value)} of ${format(limit)}`);
        row.classList.toggle("near", share >= 0.9);
        row.lastChild.firstChild.style.width = `${Math.max(share * 100, share > 0 ? 0.6 : 0)}%`;
    });
}

function showTotals(status) {
    const { total, now } = status;
    showFacts("totals", [
        ["Requests", whole(total.requests)], ["of these over a WebSocket", whole(total.webSocketRequests)],
        ["WebSockets now", whole(now.webSockets)], ["Registrations", whole(total.registrations)],
        ["Games", whole(total.games)], ["Turns", whole(total.turns)], ["Turn data", bytes(total.turnBytes)],
        ["Processor time", span(total.cpuSeconds)], ["Backlog now", bytes(now.backlogBytes)],
        ["Thread pool now", plural(now.poolThreads, "thread", "threads")],
    ]);
    const refusals = total.refusalsByCode.map(({ code, name, count }) =>
        [`${code} ${name.toLowerCase().replaceAll("_", " ")}`, whole(count)]);
    showFacts("refusals", refusals.length > 0 ? refusals : [["Nothing has been refused.", "", "nothing"]]);
    showFacts("drops", Object.entries(total.dropsByCause).map(([cause, count]) => [words(cause), whole(count)]));
}

function showRegistry(id, table, registry, name) {
    const note = find(id).querySelector(".note");
    if (registry === null) {
        setText(note, "Unknown: the turn actor does not answer.");
        table.show([]);
        return;
    }
    const shown = registry.rows.length;
    const search = find("players-search").value.trim();
    const matching = search === "" ? plural(registry.count, name, name + "s")
        : `${whole(registry.matching)} of ${plural(registry.count, name, name + "s")} match`;
    setText(note, matching + (shown < registry.matching ? `; ${whole(shown)} shown` : ""));
    table.show(registry.rows);
    find(id).classList.toggle("empty", shown === 0);
}

function showVerdict(state, headline, findings) {
    find("verdict").dataset.state = state;
    find("sign").setAttribute("d", signs[state]);
    setText(find("headline"), headline);
    const list = find("findings");
    list.hidden = findings.length === 0;
    list.replaceChildren(...findings.map(text => element("li", text)));
}

function show(status) {
    const { now } = status;
    const playing = now.games === null ? "no answer from the actor" : plural(now.games, "game", "games");
    const headline = { good: "All is well", warning: "Needs attention", bad: "Players cannot play" };
    const { state, findings } = status.health;
    showVerdict(state, headline[state], findings.map(finding => finding.text));
    document.title = `${{ good: "●", warning: "▲", bad: "✕" }[state]} ${playing} – TurnServer`;
    setText(find("eyebrow"), `TurnServer ${status.version} on ${status.machine}, up ${span(status.uptimeSeconds)}`);
    find("eyebrow").title = `Started ${moment(new Date(status.startedAt))}, process ${status.processId}`;
    document.body.classList.remove("stale");
    find("main").hidden = false;
    showTiles(status);
    const at = new Date(status.time);
    for (const chart of charts) chart.show(status.history, at);
    showCluster(status.cluster);
    showRegistry("players", players, status.players, "player");
    showRegistry("games", games, status.games, "game");
    showMeters(status);
    showTotals(status);
    settings.show(status.settings);
    const changed = status.settings.filter(setting => !setting.isDefault).length;
    setText(find("settings").querySelector(".note"), changed === 0 ? "All have their defaults."
        : `${changed} of ${status.settings.length} changed from their defaults.`);
    const isRestart = startedAt !== null && startedAt !== status.startedAt;
    startedAt = status.startedAt;
    lastAnswerAt = new Date();
    const asOf = isPaused ? `As of ${clock(lastAnswerAt)}` : "";
    setText(find("refreshed"), isRestart ? "The server has been restarted" : asOf);
}

function showNoAnswer(reason) {
    const since = lastAnswerAt === null ? "" : ` since ${clock(lastAnswerAt)}`;
    showVerdict("bad", `No answer${since}`, [`${reason} Retrying every ${interval / 1000} seconds.`]);
    document.title = "✕ no answer – TurnServer";
    document.body.classList.add("stale");
}

async function refresh() {
    clearTimeout(timer);
    request?.abort();
    const own = request = new AbortController();
    const deadline = setTimeout(() => own.abort(), timeout);
    const query = new URLSearchParams({
        search: find("players-search").value.trim(),
        rows: find("rows").value,
        range: document.querySelector("input[name=range]:checked").value,
    });
    try {
        const response = await fetch("status.json?" + query, { signal: own.signal, cache: "no-store" });
        const answer = response.ok ? await response.json() : null;
        if (request !== own) return;
        if (answer === null) showNoAnswer(`The server answered with status ${response.status}.`);
        else show(answer);
    } catch {
        // A newer request has replaced this one, or the server cannot be reached.
        if (request !== own) return;
        showNoAnswer("The server cannot be reached.");
    } finally {
        clearTimeout(deadline);
    }
    schedule();
}

function schedule() {
    clearTimeout(timer);
    if (!isPaused && !document.hidden) timer = setTimeout(refresh, interval);
}

function pause() {
    isPaused = !isPaused;
    find("pause").setAttribute("aria-pressed", String(isPaused));
    setText(find("refreshed"), isPaused && lastAnswerAt !== null ? `As of ${clock(lastAnswerAt)}` : "");
    if (isPaused) clearTimeout(timer);
    else refresh();
}

document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else if (!isPaused) refresh();
});
document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=search], select")) return;
    if (event.key === "/") {
        event.preventDefault();
        find("players-search").focus();
    } else if (event.key === "p") {
        pause();
    }
});
find("pause").addEventListener("click", pause);
find("players-search").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, 200);
});
find("rows").addEventListener("change", refresh);
find("range").addEventListener("change", refresh);
refresh();
