import { afterAll, beforeAll } from "vitest";
import { type Fixture, type FixtureOptions, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, http2Session } from "../protocols/support/http2-client.ts";

/** The ways that a unary gRPC call over HTTP/2 can go. Whatever is refused is refused on both. */
export const bothWays = [
  ["the short way", true],
  ["the long way", false],
] as const;

/** One front door, and one connection to it, for all tests of a block. */
export interface SharedDoor {
  readonly fixture: Fixture;
  /** Makes one request over the block's connection. */
  ask(...request: Parameters<typeof ask> extends [unknown, ...infer R] ? R : never): ReturnType<typeof ask>;
  /** What was recorded, logged and asked of the gate since the last time that somebody asked. */
  news(): Pick<Fixture, "records" | "lines" | "arrivals">;
}

export function sharedDoor(leanUnary: boolean, options: FixtureOptions = {}): SharedDoor {
  let fixture: Fixture | undefined;
  let session: ReturnType<typeof http2Session> | undefined;
  beforeAll(async () => {
    fixture = await startFrontDoor({ leanUnary, ...options });
    session = http2Session(fixture.url);
  });
  afterAll(async () => {
    session?.destroy();
    await fixture?.[Symbol.asyncDispose]();
  });
  const opened = () => {
    if (!fixture || !session) throw new Error("the front door is not open yet");
    return { fixture, session };
  };
  return {
    get fixture() {
      return opened().fixture;
    },
    ask: (headers, body) => ask(opened().session, headers, body),
    news() {
      const { records, lines, arrivals } = opened().fixture;
      return { records: records.splice(0), lines: lines.splice(0), arrivals: arrivals.splice(0) };
    },
  };
}
