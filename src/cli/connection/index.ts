/** One connection to one gateway, and what to tell the user when it or a call on it fails. */
export { type Connection, type ConnectOptions, connect } from "./connect.ts";
export { explain, type Where } from "./explain.ts";
export { answersHealthz } from "./healthz.ts";
