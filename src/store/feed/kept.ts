/**
 * How long a change is kept, in milliseconds. It only says what to read again, so this is for followers that fell behind
 * alone; that a token was revoked is told by its family, for as long as the token could live.
 */
export const keptMs = 3_600_000;

/** More changes than this are not told one by one. */
export const mostToldAtOnce = 5_000;
