/** What sandboxes and the gateway say of a sandbox: the newest lines, kept in memory, asked for and followed by users. */
export { createLogHandlers, type LogHandlers } from "./create-log-handlers.ts";
export { escapeControls } from "./escape-controls.ts";
export { createLogBuffer, type LogBuffer, type LogLimits } from "./log-buffer.ts";
export { lineFilter } from "./log-query.ts";
export type { LogInit } from "./read-line.ts";
