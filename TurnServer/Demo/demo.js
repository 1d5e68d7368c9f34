// Connects the page with the match: what the player does goes to the match, what happens there comes to the view.

import { Match, drawCode } from "./match.js";
import { ruleBrokenBy } from "./rules.js";
import { canShare, invitedCode, noteCode, share } from "./share.js";
import { loadName, storeName } from "./storage.js";
import { View, byId } from "./view.js";

const QUEUE_INTERVAL = 5000, SILENCE_INTERVAL = 1000;

let isDue = false;
const match = new Match(() => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
        isDue = false;
        view.show(match);
    });
});
const view = new View();

function join(code) {
    const name = byId("name").value.trim();
    byId("name-error").textContent = /^[^,]+$/.test(name) ? ""
        : name ? "A name cannot contain a comma." : "Enter a name that your partner will see.";
    if (byId("name-error").textContent) return byId("name").focus();
    storeName(name);
    noteCode(code);
    match.meet(name, code);
}

function makeMove() {
    const field = byId("word"), word = field.value.trim().normalize("NFC"), { round } = match;
    if (!word) return;
    const rule = ruleBrokenBy(word, round.words.map(({ text }) => text));
    const fault = !match.isMyTurn ? `It is ${match.partner}’s turn.` : rule ? `“${word}” is not allowed: ${rule}.`
        : match.canSend ? "" : "No connection yet. Try again in a moment.";
    view.showFault(fault);
    field.focus();
    if (fault) return;
    field.value = "";
    match.send(word.toLowerCase());
}

const on = (id, event, handle) => byId(id).addEventListener(event, happened => {
    happened.preventDefault();
    handle();
});

on("join", "submit", () => join(invitedCode()));
on("join-second", "click", () => join(invitedCode() ? null : drawCode()));
on("cancel", "click", () => match.cancel());
on("share", "click", async () => {
    byId("shared").textContent = "";
    byId("shared").textContent = await share(byId("link"));
});
byId("link").addEventListener("focus", () => byId("link").select());
on("move", "submit", makeMove);
byId("word").addEventListener("input", () => view.showFault(""));
on("quit", "click", () => view.askWhetherSure(match));
on("sure-no", "click", () => view.askNoMore(match));
on("sure-yes", "click", () => {
    const isMyTurn = match.isMyTurn && match.canSend;
    view.askNoMore(match);
    if (isMyTurn) match.giveUp();
    else match.leave();
});
on("again", "click", () => match.playAgain());
on("home", "click", () => match.leave());
addEventListener("hashchange", () => view.show(match));
// A page that the browser had put aside has missed too much.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

byId("name").value = loadName();
byId("share").textContent = canShare() ? "Share the link" : "Copy the link";
setInterval(() => match.phase === "playing" && view.show(match), SILENCE_INTERVAL);

async function showQueue() {
    if (match.phase === "start" && !document.hidden) view.showQueue(await match.countWaiting());
}

setInterval(showQueue, QUEUE_INTERVAL);
showQueue();
view.show(match);
match.restore();
