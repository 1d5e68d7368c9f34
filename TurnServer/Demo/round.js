// What the turns of a game come to. Both pages replay the same turns, so that they agree without a referee.

import { ruleBrokenBy } from "./rules.js";

/** The turn of a player who cannot go on. */
export const GIVE_UP = ".";

/** The turn, after the end, of a player who wants another game: + and a pool drawn for it. */
export const againTurn = code => `+${code}`;

const AGAIN = /^\+([a-z2-9]{12})$/;

/**
 * The state after these turns, a list of { seat, text }: words is a list of { seat, text }, next the seat whose turn it
 * is, end null or { kind: "gaveUp" | "broken", seat, text, rule }, again the codes of those who want another game, by
 * seat.
 */
export function replay(turns) {
    const round = { words: [], next: 0, end: null, again: [null, null] };
    for (const turn of turns) apply(round, turn);
    return round;
}

/** The pool of the next game, once both have asked for it: seat 0's. */
export const agreedPool = ({ again }) => again[0] !== null && again[1] !== null ? again[0] : null;

function apply(round, { seat, text }) {
    if (round.end) {
        const [, code] = AGAIN.exec(text) || [];
        if (code) round.again[seat] = code;
        return;
    }
    const rule = seat === round.next ? null : "it was not this player's turn";
    if (!rule && text === GIVE_UP) {
        round.end = { kind: "gaveUp", seat };
        return;
    }
    const broken = rule || ruleBrokenBy(text, round.words.map(word => word.text));
    if (broken) {
        round.end = { kind: "broken", seat, text, rule: broken };
        return;
    }
    round.words.push({ seat, text });
    round.next = 1 - seat;
}
