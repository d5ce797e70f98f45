import { setTimeout as pause } from "node:timers/promises";
import type { ServerProcess } from "./server-process.ts";

const pollMs = 20;
/** Several times what a hundred thousand took on the slowest machine. */
const longestMs = 300_000;

/** Resolves when a gateway's driver was told to start so many sandboxes. @throws Error where that takes too long. */
export async function allStarted(gateway: ServerProcess, count: number): Promise<void> {
  for (const began = performance.now(); (await gateway.ask("started")) < count; await pause(pollMs)) {
    if (performance.now() - began > longestMs) throw new Error(`a gateway did not start ${count} sandboxes`);
  }
}
