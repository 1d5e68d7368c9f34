// The token of a registration, kept in sessionStorage so that a reloaded page keeps its place in the queue. Only one
// player may use it at a time, and a duplicated tab has a copy of the storage.

const claimed = new Set();

/** Draws a random token (PROTOCOL.md, "Pairing"). */
export const createToken = () => crypto.getRandomValues(new Uint32Array(4)).join("");

/**
 * Claims the token that is stored under this key, or a new one: { token, release }. release(isOver) ends the claim;
 * with true it also forgets the token. milliseconds: how long another page has to answer that it uses the token.
 */
export async function claimToken(storageKey, milliseconds) {
    const own = createToken();
    if (claimed.has(storageKey)) return { token: own, release: () => {} };
    claimed.add(storageKey);
    const stored = withStorage(storage => storage.getItem(storageKey));
    const channel = openChannel(storageKey);
    // Without a channel a copy cannot be detected: only a reloaded page reuses the token.
    const isFree = stored && (channel ? !await isInUseElsewhere(channel, stored, milliseconds) : isReloaded());
    const token = isFree ? stored : own;
    if (channel) channel.onmessage = ({ data }) => {
        if (data === token) channel.postMessage(`taken ${token}`);
    };
    withStorage(storage => storage.setItem(storageKey, token));
    return { token, release: isOver => {
        if (isOver) withStorage(storage => storage.removeItem(storageKey));
        if (channel) channel.close();
        claimed.delete(storageKey);
    } };
}

// Null in old browsers, and where storage is blocked.
function openChannel(name) {
    try {
        return new BroadcastChannel(name);
    } catch (error) {
        return null;
    }
}

function isReloaded() {
    return typeof performance !== "undefined" && performance.navigation && performance.navigation.type === 1;
}

function isInUseElsewhere(channel, token, milliseconds) {
    return new Promise(resolve => {
        // If both ask at the same moment, neither gets it.
        channel.onmessage = ({ data }) => { if (data === token || data === `taken ${token}`) resolve(true); };
        channel.postMessage(token);
        setTimeout(() => resolve(false), milliseconds);
    });
}

// Null where there is no storage: in Node, private windows, sandboxed frames and workers.
function withStorage(use) {
    try {
        return use(sessionStorage);
    } catch (error) {
        return null;
    }
}
