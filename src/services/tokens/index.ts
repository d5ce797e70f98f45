/** How sandboxes get their tokens over the wire. */
export { createTokenHandlers, type TokenHandlers } from "./create-token-handlers.ts";
