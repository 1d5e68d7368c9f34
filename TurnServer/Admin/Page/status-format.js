// Formats numbers, times and players' texts.

const thin = "\u202F";
const group = digits => digits.replace(/\B(?=(\d{3})+$)/g, thin);

/** A number with thin spaces; null as a dash. */
export function whole(value) {
    if (value === null || value === undefined) return "–";
    return (value < 0 ? "−" : "") + group(String(Math.abs(Math.round(value))));
}

/** A number with no more decimals than are significant. */
export function rate(value) {
    if (value === null || value === undefined) return "–";
    if (value === 0) return "0";
    if (value < 0.1) return "< 0.1";
    return value < 10 ? value.toFixed(1) : whole(value);
}

/** A share as percent. */
export function percent(value) {
    if (value === null || value === undefined) return "–";
    const hundred = value * 100;
    const text = hundred === 0 ? "0" : hundred < 0.1 ? "< 0.1" : hundred < 10 ? hundred.toFixed(1) : whole(hundred);
    return text + thin + "%";
}

const sizes = ["B", "KB", "MB", "GB", "TB"];

/** Bytes in powers of 1000, as [number, unit]. */
export function size(value) {
    if (value === null || value === undefined) return ["–", ""];
    let step = 0;
    while (value >= 999.5 && step < sizes.length - 1) {
        value /= 1000;
        step++;
    }
    return [step === 0 ? whole(value) : value < 10 ? value.toFixed(1) : whole(value), sizes[step]];
}

export const bytes = value => size(value).join(thin).trim();

/** Microseconds, as [number, unit]. */
export function duration(value) {
    if (value === null || value === undefined) return ["–", ""];
    return value < 1000 ? [whole(value), "µs"] : [(value / 1000).toFixed(value < 10_000 ? 1 : 0), "ms"];
}

/** Seconds in the two largest units. */
export function span(seconds) {
    if (seconds === null || seconds === undefined) return "–";
    if (seconds < 60) return Math.max(0, Math.floor(seconds)) + thin + "s";
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return minutes + thin + "min " + Math.floor(seconds % 60) + thin + "s";
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return hours + thin + "h " + (minutes % 60) + thin + "min";
    return Math.floor(hours / 24) + thin + "days " + (hours % 24) + thin + "h";
}

/** The time of day in the reader's locale. */
export const clock = date => date.toLocaleTimeString();
export const moment = date => date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A name without invisible characters and those that change the direction of writing. */
export const printable = text => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, "·");

/** camelCase as words. */
export const words = name => name.replace(/[A-Z]/g, letter => " " + letter.toLowerCase());

/** A count with its noun. */
export const plural = (count, one, many) => whole(count) + " " + (count === 1 ? one : many);

/** An element with classes ("tag.class.class") and children; strings become text, never markup. */
export function element(kind, ...children) {
    const [tag, ...classes] = kind.split(".");
    const node = document.createElement(tag);
    node.className = classes.join(" ");
    node.append(...children.filter(child => child !== null));
    return node;
}

/** Sets a text only if it differs, so that the reader's selection survives. */
export function setText(target, text) {
    if (target.textContent !== text) target.textContent = text;
}

/** Fills a list with facts: each a name, a value and perhaps a class. */
export function showFacts(id, facts) {
    const list = document.getElementById(id);
    while (list.children.length > facts.length) list.lastChild.remove();
    facts.forEach(([name, value, kind], i) => {
        const row = list.children[i] ?? list.appendChild(element("div", element("dt"), element("dd")));
        row.className = kind ?? "";
        setText(row.firstChild, name);
        setText(row.lastChild, value);
    });
}
