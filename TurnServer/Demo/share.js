// An invitation is this page's address with a code in its fragment, which browsers do not send to servers.

import { isCode } from "./match.js";

/** The code of the invitation that was opened; null if none was. */
export function invitedCode() {
    const code = location.hash.slice(1);
    return isCode(code) ? code : null;
}

/** Makes the code part of the page's address, or removes it (null). */
export const noteCode = code => history.replaceState(null, "", code ? `#${code}` : location.pathname);

export const linkTo = code => new URL(`#${code}`, location.href).href;

export const canShare = () => typeof navigator.share === "function";

/** Whether nobody else could open a link to this page. */
export const isOnThisMachineOnly = () => /^(localhost|127\.|\[::1\])/.test(location.host);

/** Hands the link in this field to another app, or copies it. Returns what to tell the player. */
export async function share(field) {
    const url = field.value;
    if (canShare()) {
        try {
            await navigator.share({ title: document.title, text: "Play Last Letter with me", url });
            return "";
        } catch (error) {
            if (error.name === "AbortError") return "";
        }
    }
    try {
        await navigator.clipboard.writeText(url);
    } catch (error) {
        // Pages that are not from https have no clipboard but the old one.
        field.focus();
        field.select();
        if (!document.execCommand("copy")) return "Copy the selected link, and send it to your friend.";
    }
    return "Copied. Send it to your friend.";
}
