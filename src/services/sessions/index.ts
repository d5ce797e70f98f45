/** The streams that supervisors hold open: hello, acceptance, heartbeats both ways, one session a sandbox. */
export { createSessionHandlers, type SessionHandlers } from "./create-session-handlers.ts";
export { Sessions } from "./sessions.ts";
