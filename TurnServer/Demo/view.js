// Shows a match. Each call makes the page show the whole state; what is there already stays.

import { showChain, showTurn } from "./chain.js";
import { wantedLetter } from "./rules.js";
import { invitedCode, isOnThisMachineOnly, linkTo } from "./share.js";

export const byId = id => document.getElementById(id);

// Changing a text that is the same already would make screen readers say it again.
function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

function setHidden(id, isHidden) {
    byId(id).hidden = isHidden;
}

function toEnd() {
    byId("scroll").scrollTop = byId("scroll").scrollHeight;
}

const TITLES = { start: "start-title", waiting: "waiting-title", playing: "turn" };

export class View {
    constructor() {
        this._phase = "start";
        this._mood = null;
        this._said = "";
        this._turn = "";
        this._rows = 0;
        // The keyboard of a phone, or a line more below it, must not cover the last word.
        if (typeof ResizeObserver === "function") new ResizeObserver(() => toEnd()).observe(byId("scroll"));
    }

    show(match) {
        const { phase } = match;
        document.body.dataset.phase = phase;
        setHidden("start", phase !== "start");
        setHidden("waiting", phase !== "waiting");
        setHidden("game", phase !== "playing");
        setText(byId("connection"), phase !== "start" && match.isOffline ? "Reconnecting…" : "");
        if (phase === "start") this._showStart(match);
        if (phase === "waiting") this._showWaiting(match);
        if (phase === "playing") this._showGame(match);
        if (phase !== this._phase) {
            byId(TITLES[phase]).focus();
            scrollTo(0, 0);
        }
        this._phase = phase;
        if (phase !== "playing") this._say("", "Last Letter");
    }

    showQueue(count) {
        setText(byId("queue"), count === null ? "The server does not answer." : count === 0
            ? "Nobody is waiting. A second tab will do for a partner." : `Waiting for a partner now: ${count}`);
    }

    showFault(text) {
        setText(byId("fault"), text);
        byId("word").toggleAttribute("aria-invalid", text !== "");
    }

    askWhetherSure({ isMyTurn, partner }) {
        setText(byId("sure-text"), isMyTurn ? `Give up? ${partner} wins then.` : "Leave the game?");
        setText(byId("sure-yes"), isMyTurn ? "Give up" : "Leave");
        this._isAsking = true;
        setHidden("move", true);
        setHidden("sure", false);
        byId("sure-text").focus();
    }

    askNoMore(match) {
        this._isAsking = false;
        this._showGame(match);
        byId("word").focus();
    }

    _showStart({ error }) {
        const isInvited = invitedCode() !== null;
        setHidden("invitation", !isInvited);
        setText(byId("join-first"), isInvited ? "Play with your friend" : "Play with anyone");
        setText(byId("join-second"), isInvited ? "Play with anyone instead" : "Invite a friend");
        setHidden("start-error", !error);
        setText(byId("start-error"), error ? `That did not work: ${error}.` : "");
    }

    _showWaiting({ line: { code, rematchWith } }) {
        const isPrivate = code !== null && rematchWith === null;
        setHidden("invite", !isPrivate);
        if (!isPrivate) setText(byId("shared"), "");
        if (isPrivate) byId("link").value = linkTo(code);
        setText(byId("waiting-title"), rematchWith ? `Starting again with ${rematchWith}…`
            : isPrivate ? "Waiting for your friend…" : "Looking for a partner…");
        setText(byId("waiting-text"), isPrivate ? (isOnThisMachineOnly()
            ? "Whoever opens the link plays with you. This address works on this computer only."
            : "Whoever opens the link plays with you, and nobody else does.")
            : rematchWith ? "" : "You keep your place in the line, even if you reload the page.");
    }

    _showGame(match) {
        const { seat, partner, round, farewell } = match, isOver = round.end !== null || farewell !== null;
        if (round.end || farewell) this._isAsking = false;
        this._showPlayers(match, isOver);
        const { heading, text, mood } = isOver ? ending(match) : turnOf(match);
        const letter = isOver ? null : wantedLetter(round.words.map(word => word.text));
        const turn = [heading, letter, round.words.length].join();
        if (turn !== this._turn) {
            if (letter && match.isMyTurn) showTurn(byId("turn"), `${heading}: begin with`, letter);
            else showTurn(byId("turn"), heading, null);
        }
        this._turn = turn;
        setText(byId("turn-text"), text);
        byId("game").dataset.mood = mood;
        showChain(byId("chain"), round.words, { seat, partner });
        const { length } = round.words;
        setText(byId("count"), length === 0 ? "No words yet" : length === 1 ? "A chain of 1 word"
            : `A chain of ${length} words`);
        byId("scroll").toggleAttribute("data-words", length > 0);
        byId("chain").classList.toggle("unsent", match.unsent > 0 && match.isOffline && !isOver);
        this._scrollToEnd(length);
        this._showDeck(match, isOver);
        const last = round.words[length - 1];
        const news = !last ? `You play with ${partner}. `
            : !isOver && last.seat !== seat ? `${partner} played ${last.text}. ` : "";
        const task = letter && match.isMyTurn ? `: begin with ${letter}` : "";
        this._say(`${news}${heading.replace("!", "")}${task}. ${text}`,
            `${match.isMyTurn ? "Your turn" : isOver ? "Game over" : `${partner}’s turn`} · Last Letter`);
        if (isOver && this._mood !== mood) byId("turn").focus();
        // On a phone the keyboard opens when the player wants it.
        else if (match.isMyTurn && this._mood !== mood && matchMedia("(hover: hover)").matches) byId("word").focus();
        this._mood = mood;
    }

    _showPlayers(match, isOver) {
        const { line, partner, round, seat } = match;
        const states = [["me", line.name, isOver ? "" : match.isOffline ? "reconnecting…" : match.isMyTurn
            ? "to play" : ""], ["partner", partner, match.farewell ? "left" : match.isPartnerSilent ? "reconnecting…"
            : round.again[1 - seat] ? "play again?" : isOver || match.isMyTurn ? "" : "to play"]];
        for (const [id, name, state] of states) {
            const node = byId(id);
            setText(node.querySelector(".name"), name);
            setText(node.querySelector(".state"), state || (id === "me" ? "you" : "partner"));
            node.dataset.state = state === "reconnecting…" ? "silent" : state === "to play" ? "next" : "";
        }
    }

    _showDeck(match, isOver) {
        const { round, farewell, seat } = match, isBroken = round.end !== null && round.end.kind === "broken";
        setHidden("move", isOver || this._isAsking === true);
        setHidden("sure", isOver || this._isAsking !== true);
        setHidden("over", !isOver);
        setText(byId("home"), farewell ? "New game" : "Leave");
        setText(byId("quit"), match.isMyTurn ? "Give up" : "Leave");
        byId("play").setAttribute("aria-disabled", String(!match.isMyTurn));
        setHidden("again", isBroken || farewell !== null || round.again[seat] !== null || !match.canSend);
    }

    // Only when a word has come: else the player may be reading further up.
    _scrollToEnd(rows) {
        if (rows !== this._rows) toEnd();
        this._rows = rows;
    }

    _say(text, title) {
        if (text !== this._said) byId("news").textContent = text;
        this._said = text;
        document.title = title;
    }
}

function turnOf({ isMyTurn, partner, round, isPartnerSilent, isOffline, unsent }) {
    if (isMyTurn) {
        return { heading: round.words.length ? "Your turn" : "You begin", mood: "mine",
            text: isPartnerSilent ? `${partner} is reconnecting…`
                : round.words.length ? "" : "Any word of three letters or more." };
    }
    return { heading: `${partner}’s turn`, mood: "theirs", text: isOffline && unsent ? "Your word will be sent."
        : isPartnerSilent ? `${partner} is reconnecting…` : "" };
}

function ending({ round: { end, words, again }, seat, partner, farewell }) {
    const count = words.length === 1 ? "1 word" : `${words.length} words`;
    const rematch = farewell ? ` ${FAREWELLS[farewell](partner)}`
        : again[seat] ? ` Waiting for ${partner} to agree.` : again[1 - seat] ? ` ${partner} wants to play again.` : "";
    if (!end) return { heading: "The game is over", mood: "over", text: FAREWELLS[farewell](partner) };
    if (end.kind === "broken") {
        const whose = end.seat === seat ? "Your" : `${partner}’s`;
        return { heading: "Nobody wins", mood: "over",
            text: `${whose} turn “${end.text.slice(0, 40)}” breaks the rules: ${end.rule}.` };
    }
    return end.seat === seat
        ? { heading: `${partner} wins`, mood: "lost", text: `You gave up after ${count}.${rematch}` }
        : { heading: "You win!", mood: "won", text: `${partner} gave up after ${count}.${rematch}` };
}

const FAREWELLS = {
    partnerLeft: partner => `${partner} has left.`,
    elsewhere: () => "It goes on in another tab.",
    dropped: () => "You were away for too long, and the server gave up your seat.",
    left: () => "You have left.",
};
