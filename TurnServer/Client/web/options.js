// The options of a client, and what their names and values may be.

/** Timeouts and intervals, in milliseconds. */
export const timing = {
    wait: 15000,            // how long the server may hold a reply without news; whole seconds
    replyTimeout: 5000,     // in addition to that, how long until a request counts as lost
    patience: 30000,        // how long to repeat a lost request
    firstPause: 50,         // before the second repetition; each further pause is twice as long
    longestPause: 2000,
    firstFullPause: 2,      // before repeating a turn while the partner's backlog is full
    longestFullPause: 250,
    keepAlive: 5000,        // between requests while turns have come that are not saved, or too many that are not read
    pollInterval: 1000,     // between requests, if the server does not hold replies
    claim: 200,             // how long another page has to answer that it uses the same token
};

// The longest timeout of a browser is below 2^31 ms, for the sum of two of these.
const TIME_MAX = 2 ** 30 - 1;

/** The names of options, by what takes them. */
export const CLIENT_OPTIONS = ["savesEachTurn", "timing", "fetch", "WebSocket", "clock"];
export const CALL_OPTIONS = ["signal"];
export const REGISTER_OPTIONS = CALL_OPTIONS.concat(["partner", "pool", "token", "hasLongTimeout"]);
export const PLAY_OPTIONS = CLIENT_OPTIONS.concat(CALL_OPTIONS, ["pool", "token"]);

const times = Object.keys(timing);

// The names in earlier versions of this client.
for (const [old, name] of [["hold", "wait"], ["answer", "replyTimeout"], ["poll", "pollInterval"]])
    Object.defineProperty(timing, old, { get() { return this[name]; }, set(value) { this[name] = value; } });

// In how many letters two words differ (Levenshtein).
function distance(one, other) {
    let row = [...other].map((_, i) => i + 1);
    [...one].forEach((letter, i) => {
        let left = i + 1, diagonal = i;
        row = row.map((above, j) => {
            left = Math.min(left + 1, above + 1, diagonal + (letter === other[j] ? 0 : 1));
            diagonal = above;
            return left;
        });
    });
    return row[row.length - 1];
}

/** Refuses options with other names than these: a misspelt one would have no effect. */
export function checkNames(options, names, prefix = "") {
    const unknown = Object.keys(options).find(name => !names.includes(name));
    if (unknown === undefined) return;
    const farness = name => distance(unknown.toLowerCase(), name.split(".").pop().toLowerCase());
    const all = names.includes("timing") ? names.concat(times.map(name => `timing.${name}`)) : names;
    const nearest = all.reduce((best, name) => farness(name) < farness(best) ? name : best);
    throw new TypeError(`unknown option ${prefix}${unknown}; ` + (farness(nearest) <= unknown.length / 2
        ? `did you mean ${prefix}${nearest}?` : `there are ${names.map(name => prefix + name).join(", ")}`));
}

/** The options of a client. Members of timing that are left out are those of the exported object, at any time. */
export function optionsOf(options) {
    checkNames(options, CLIENT_OPTIONS);
    const own = Object.assign(Object.create(timing), options.timing);
    for (const given of [timing, own]) checkNames(given, times, "timing.");
    for (const name of times) {
        // A patience may be infinite.
        if (typeof own[name] !== "number" || !(own[name] >= 0 && (own[name] <= TIME_MAX || name === "patience")))
            throw new RangeError(`timing.${name} must be a number of milliseconds from 0 to ${TIME_MAX}`);
    }
    return Object.assign({}, options, { timing: own });
}
