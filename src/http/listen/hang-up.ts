import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.ts";
import { deadline } from "../../core/deadline.ts";

/**
 * Destroys a socket whose peer does not hang up within `withinMs` after the gateway has: a peer that keeps its side open
 * would keep its place for ever, and say nothing more.
 */
export function hangUpWithin(socket: Socket, { clock, withinMs }: { clock: Clock; withinMs: number }): void {
  socket.once("prefinish", () => {
    const overdue = deadline(clock, withinMs, () => socket.destroy());
    socket.once("close", () => overdue[Symbol.dispose]());
  });
}
