/**
 * The streams that supervisors hold open: hello, acceptance, heartbeats both ways, one session a sandbox, whichever replica
 * has it.
 */
export { createSessionHandlers, type SessionHandlers } from "./create-session-handlers.ts";
export { Sessions } from "./sessions.ts";
export { type SessionPlace, type SharedSessionStats, SharedSessions } from "./shared-sessions.ts";
