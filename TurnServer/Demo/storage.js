// What a reloaded tab finds again. Storage may be blocked, as in some private windows: then nothing is kept.

const GAME = "last-letter game", NAME = "last-letter name";

function withStorage(use) {
    try {
        return use();
    } catch (error) {
        return null;
    }
}

/** What this tab was doing: it goes with the tab. */
export const storeGame = state => withStorage(() => sessionStorage.setItem(GAME, JSON.stringify(state)));
export const loadGame = () => withStorage(() => JSON.parse(sessionStorage.getItem(GAME)));
export const forgetGame = () => withStorage(() => sessionStorage.removeItem(GAME));

/** The player's name: it stays for the next visit. */
export const storeName = name => withStorage(() => localStorage.setItem(NAME, name));
export const loadName = () => withStorage(() => localStorage.getItem(NAME)) || "";

/**
 * Holds this seat for as long as the page lives; false if another tab holds it: a duplicated tab has a copy of the
 * stored game, and a seat is for one player. Without a secure origin there are no locks, and the server tells.
 */
export function holdSeat(seatKey) {
    if (!navigator.locks) return Promise.resolve(true);
    return new Promise(resolve => {
        const giveUp = new AbortController();
        // A reloaded page may have to wait until its predecessor is gone.
        setTimeout(() => giveUp.abort(), 2000);
        navigator.locks.request(`last-letter ${seatKey}`, { signal: giveUp.signal }, () => {
            resolve(true);
            return new Promise(() => {});
        }).catch(() => resolve(false));
    });
}
