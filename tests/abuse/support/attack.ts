import type { Course } from "./course.ts";

export interface Sandbox {
  readonly id: string;
  readonly token: string;
}

/** Where an attacker strikes, and what it has. */
export interface Target {
  readonly port: number;
  readonly tlsPort: number;
  /** A sandbox that the attacker owns; a stranger makes no use of it. */
  readonly sandbox: Sandbox;
  /** Another one of its own, for attacks that spend the token. */
  readonly spare: Sandbox;
}

/** What is sent to a gateway; resolves when its course is over. */
export type Strike = (target: Target, course: Course) => Promise<void>;

/** What the gateway must do about an attack: end its connections, end its streams, or bear it like other traffic. */
export type Answer = "ends connections" | "ends streams" | "bears it";

export interface Attack {
  readonly strike: Strike;
  readonly answer: Answer;
  /** The answer comes no sooner than the gateway's patience ends. */
  readonly isQuiet?: true;
}

/** What an attacker saw. */
export interface Seen {
  /** Connections that it made. */
  readonly connections: number;
  /** Of those, the ones that the gateway ended: `GOAWAY <code>`, or `closed` without a word. */
  readonly ended: Readonly<Record<string, number>>;
  /** Streams that the gateway reset, by error code. */
  readonly resets: Readonly<Record<number, number>>;
  readonly sentBytes: number;
}
