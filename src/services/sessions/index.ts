/** The streams that supervisors hold open: hello, acceptance, heartbeats both ways, one session a sandbox. */
export { createSessionHandlers, type SessionHandlers } from "./create-session-handlers.ts";
export type { Session, ToSupervisor } from "./session.ts";
export { type Presence, type SessionStats, Sessions, type SessionsOptions } from "./sessions.ts";
