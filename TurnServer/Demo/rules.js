// The rules of the game: a chain of words, each of which begins with the last letter of the word before.

/** A word's letters without case and accents, in upper case: "é" may follow "E", and "σ" follows "ς". */
export const lettersOf = word => [...word.normalize("NFD").toUpperCase().replace(/\p{M}/gu, "").normalize("NFC")];

/** Null if this word may follow those before it, else the rule that it breaks. */
export function ruleBrokenBy(word, before) {
    const letters = lettersOf(word), wanted = wantedLetter(before);
    if (!letters.every(letter => /\p{L}/u.test(letter))) return "it may only have letters";
    if (letters.length < 3 || letters.length > 40) return "it must have 3 to 40 letters";
    if (wanted !== null && letters[0] !== wanted) return `it must begin with ${wanted}`;
    if (before.some(other => other.toUpperCase() === word.toUpperCase())) return "it has been played";
    return null;
}

/** The letter that the next word begins with; null for the first word. */
export const wantedLetter = words => words.length ? lettersOf(words[words.length - 1]).pop() : null;
