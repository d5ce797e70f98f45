import { setTimeout as after } from "node:timers/promises";
import type { Strike, Target } from "../support/attack.ts";
import { opening, type PeerOptions } from "../support/peer.ts";

export interface Relentless {
  /** Connections at once; 4 where nothing is said. */
  readonly connections?: number;
  readonly peer?: Omit<PeerOptions, "port">;
  /** What a connection begins with; what HTTP/2 begins with, where nothing is said. */
  readonly first?: Buffer | string;
  /** Sent again and again; told how many times it was before. */
  readonly again: (round: number, target: Target) => Buffer | string;
  /** Between two rounds, in milliseconds; none where nothing is said. */
  readonly pauseMs?: number;
}

/** Strikes on several connections, and on a new one for each that the gateway ends, until its course is over. */
export function relentless({ connections = 4, peer: options, first = opening(), again, pauseMs }: Relentless): Strike {
  return async (target, course) => {
    async function strike(): Promise<void> {
      while (!course.isOver) {
        using peer = await course.open({ port: target.port, ...options });
        await peer.write(first);
        for (let round = 0; !peer.isEnded && !course.isOver; round++) {
          await peer.write(again(round, target));
          if (pauseMs !== undefined) await after(pauseMs);
        }
      }
    }
    await Promise.all(Array.from({ length: connections }, strike));
  };
}
