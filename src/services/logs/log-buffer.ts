import type { SandboxLogLine } from "../../../gen/openshell/v1/logs_pb.ts";
import type { Clock } from "../../core/clock.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { ScopedSandbox } from "../../core/scoped-sandbox.ts";
import { type LogQuery, lineFilter } from "./log-query.ts";
import { LogRing } from "./log-ring.ts";
import { type LogInit, type LogSource, readLine } from "./read-line.ts";

export interface LogLimits {
  readonly linesPerSandbox: number;
  readonly bytesPerSandbox: number;
  /** For all sandboxes together; the one that keeps most loses lines first. */
  readonly bytes: number;
}

const defaultLimits: LogLimits = { linesPerSandbox: 2_000, bytesPerSandbox: 1024 ** 2, bytes: 128 * 1024 ** 2 };
const defaultLines = 100;

/** Takes a line as soon as it is kept. It neither throws nor waits. */
type LogListener = (line: SandboxLogLine) => void;

/** The newest log lines of every sandbox, in memory. */
export interface LogBuffer {
  /** Keeps lines, each forced to its sandbox and source and cut to its bounds. */
  append(id: SandboxId, source: LogSource, lines: readonly LogInit[]): void;
  /** Counts lines that were not kept, for a reason that the caller knows. */
  countDropped(lines: number): void;
  /** The newest matching lines, oldest first, and how many the sandbox has in all. */
  tail(sandbox: ScopedSandbox, query: LogQuery): { readonly lines: SandboxLogLine[]; readonly total: number };
  /** Calls the listener for each line from now on, until it is disposed or the sandbox is removed. */
  subscribe(sandbox: ScopedSandbox, listener: LogListener): Disposable;
  /** Forgets a sandbox, its listeners included. */
  remove(id: SandboxId): void;
  stats(): LogStats;
}

interface LogStats {
  readonly sandboxes: number;
  readonly lines: number;
  readonly bytes: number;
  /** Lines that came and were not kept, or were kept and had to make room. */
  readonly dropped: number;
  readonly listeners: number;
}

export interface LogBufferOptions {
  readonly clock: Clock;
  /** Nothing is kept for a sandbox that is not, or is being deleted: nobody would ever remove it. */
  readonly isKnown: (id: SandboxId) => boolean;
  readonly limits?: LogLimits;
}

export function createLogBuffer({ clock, isKnown, limits = defaultLimits }: LogBufferOptions): LogBuffer {
  const rings = new Map<SandboxId, LogRing>();
  const listeners = new Map<SandboxId, Set<LogListener>>();
  let bytes = 0;
  let dropped = 0;

  function ringOf(id: SandboxId): LogRing {
    const ring = rings.get(id) ?? new LogRing(limits.linesPerSandbox, limits.bytesPerSandbox);
    rings.set(id, ring);
    return ring;
  }

  /** Half of what the largest keeps goes at once, so that looking for it is rare. */
  function makeRoom(): void {
    while (bytes > limits.bytes) {
      const largest = [...rings.values()].reduce((most, ring) => (ring.bytes > most.bytes ? ring : most));
      const before = largest.bytes;
      dropped += largest.shrinkTo(before / 2);
      bytes -= before - largest.bytes;
    }
  }

  return {
    append(id, source, lines) {
      if (!isKnown(id)) {
        dropped += lines.length;
        return;
      }
      const now = clock.now();
      const ring = ringOf(id);
      const heard = listeners.get(id);
      for (const init of lines) {
        const line = readLine(init, id, source, now);
        const before = ring.bytes;
        dropped += ring.push(line);
        bytes += ring.bytes - before;
        for (const listener of heard ?? []) listener(line);
      }
      makeRoom();
    },
    countDropped(lines) {
      dropped += lines;
    },
    tail({ id }, query) {
      const matches = lineFilter(query);
      const ring = rings.get(id);
      return { lines: ring?.newest(query.lines || defaultLines, matches) ?? [], total: ring?.length ?? 0 };
    },
    subscribe({ id }, listener) {
      const heard = listeners.get(id) ?? new Set();
      listeners.set(id, heard);
      // One listener may subscribe twice; each subscription ends alone.
      const own: LogListener = (line) => listener(line);
      heard.add(own);
      return {
        [Symbol.dispose]() {
          heard.delete(own);
          if (heard.size === 0 && listeners.get(id) === heard) listeners.delete(id);
        },
      };
    },
    remove(id) {
      bytes -= rings.get(id)?.bytes ?? 0;
      rings.delete(id);
      listeners.get(id)?.clear();
      listeners.delete(id);
    },
    stats: () => ({
      sandboxes: rings.size,
      lines: rings.values().reduce((sum, ring) => sum + ring.length, 0),
      bytes,
      dropped,
      listeners: listeners.values().reduce((sum, heard) => sum + heard.size, 0),
    }),
  };
}
