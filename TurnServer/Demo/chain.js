// The words as rows of letter tiles. What a partner sends is untrusted: it only ever becomes text.

import { lettersOf } from "./rules.js";

// Scripts whose letters stand alone; in others, such as Arabic or Hindi, neighbours shape each other.
const SEPARATE = ["Latin", "Greek", "Cyrillic", "Armenian", "Georgian", "Hebrew", "Han", "Hiragana", "Katakana",
    "Hangul"].map(script => `\\p{Script=${script}}`);
const IS_SEPARATE = new RegExp(`^[${SEPARATE.join("")}]+$`, "u");
const TILES_MAX = 14;

/** Appends to node an element with this class and text. */
export function append(node, name, className, text = "") {
    const child = document.createElement(name);
    child.className = className;
    child.textContent = text;
    node.append(child);
    return child;
}

/** Makes the list show these words: { seat, text }. Rows that are there already stay, and do not move again. */
export function showChain(list, words, { seat, partner }) {
    while (list.children.length > words.length) list.lastChild.remove();
    words.slice(list.children.length).forEach(word => {
        const isMine = word.seat === seat, row = append(list, "li", isMine ? "mine" : "theirs");
        append(row, "bdi", "unseen", `${isMine ? "You" : partner}: ${word.text}`);
        showTiles(append(row, "span", "tiles"), word.text, list.children.length === 1);
    });
}

function showTiles(row, word, isFirst) {
    const letters = [...word.normalize("NFC").toUpperCase()], last = letters.length - 1;
    row.setAttribute("aria-hidden", "true");
    if (!IS_SEPARATE.test(word.normalize("NFC")) || last >= TILES_MAX) {
        append(row, "bdi", "tile whole", word);
        return;
    }
    if (last > 8) row.classList.add("long");
    letters.forEach((letter, i) =>
        append(row, "span", (i === 0 && !isFirst) || i === last ? "tile joint" : "tile", letter));
}

/** Replaces the content of a heading by text and a tile with the letter, if any. */
export function showTurn(heading, text, letter) {
    heading.textContent = text;
    if (letter) append(heading, "span", "tile joint", lettersOf(letter).join(""));
}
