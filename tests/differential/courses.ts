import fc from "fast-check";
import { mostly, one } from "./choices.ts";
import type { Act, GeneratedCall, Leaving } from "./generated-call.ts";

/** Deadlines that are far away, none at all, or past. */
const patient: readonly (readonly string[])[] = [
  ["1H"],
  ["60S"],
  ["99999999H"],
  ["99999999M"],
  ["99999999S"],
  ["60000m"],
  ["99999999u"],
  ["0S"],
  ["0n"],
  ["00000000H"],
];
const unreadable: readonly (readonly string[])[] = [
  [""],
  ["S"],
  ["1"],
  ["1s"],
  ["1 S"],
  ["-1S"],
  ["+1S"],
  ["1.5S"],
  ["1e3m"],
  ["100000000S"],
  ["12345678901234567S"],
  ["1SS"],
  ["0x1S"],
  ["Infinity"],
  ["60S", "60S"],
  ["1S, 2S"],
];
/** Soon, but later than whatever a server does at once. */
const soon = one<readonly string[]>(["300m"], ["300000u"]);
const atOnce = one<readonly string[]>(["1n"], ["1u"], ["999u"], ["1m"], ["20m"]);

const act = (does: Act["does"], ...details: readonly string[]): fc.Arbitrary<Act> =>
  fc.record({
    does: fc.constant(does),
    detail: one(...details),
    after: one<0 | 1 | 2>(0, 1, 2),
    watches: fc.boolean(),
  });

const reasons = [
  "token-expired",
  "token-revoked",
  "revocations-unknown",
  "other-sandbox",
  "request-invalid",
  "sandbox-missing",
  "not-found",
  "name-taken",
  "state-conflict",
  "version-conflict",
  "rate-limited",
  "limit-reached",
  "store-unavailable",
  "shutting-down",
  "not-built",
  "internal",
] as const;

const acts: fc.Arbitrary<Act> = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: act("answer", "") },
  {
    weight: 3,
    arbitrary: act("answer-text", "0", "900", "1100", "r1100", "4000", "8189", "8190", "9000", "r9000", "100000"),
  },
  {
    weight: 3,
    arbitrary: act(
      "echo",
      "x-seen",
      "x-seen-bin",
      "authorization",
      "cookie",
      "grpc-timeout",
      "content-type",
      "te",
      ":path",
      "user-agent",
    ),
  },
  { weight: 3, arbitrary: act("refuse", ...reasons) },
  { weight: 2, arbitrary: act("throw", "error", "text", "null", "connect", "abort") },
  { weight: 1, arbitrary: act("answer-badly", "") },
  { weight: 2, arbitrary: act("set-metadata", "a", "") },
  { weight: 2, arbitrary: act("fail-with-metadata", "a", "b%20\n") },
);
const waits = act("wait", "throw", "refuse", "answer");

/** How a call goes on in time: what the handler does, how long the caller waits, and how it leaves. */
export type Goes = Pick<GeneratedCall, "acts" | "timeout" | "leaves" | "timing">;

export interface Course {
  /** How often it is taken. */
  readonly weight: number;
  readonly goes: fc.Arbitrary<Goes>;
  /** Whether a streaming method may be called: what Connect says of one whose time runs out is a race of its own. */
  readonly streams: boolean;
  /** What stays as it is: without it the call would not end, or nobody could say what comes first. */
  readonly untouched: readonly (keyof GeneratedCall)[];
}

const toItsEnd = fc.record<Goes>({
  acts,
  timeout: mostly<readonly string[]>([], ...patient, ...unreadable),
  leaves: mostly<Leaving>("ends", "ends-apart", "ends-with-trailers", "ends-in-headers"),
  timing: fc.constant("none"),
});
const reset = fc.record<Goes>({
  acts: waits,
  timeout: mostly<readonly string[]>([], ["1H"]),
  leaves: one<Leaving>("resets-before-body", "resets-in-body", "resets-politely", "resets-when-served"),
  timing: fc.constant("none"),
});
const overdue = fc.record<Goes>({
  acts: waits,
  timeout: soon,
  leaves: one<Leaving>("ends", "ends-apart"),
  timing: fc.constant("timer"),
});
const halfOpen = fc.record<Goes>({
  acts,
  timeout: soon,
  leaves: fc.constant("stays"),
  timing: fc.constant("timer"),
});
const hardlyBegun = fc.record<Goes>({
  acts: waits,
  timeout: atOnce,
  leaves: fc.constant("ends"),
  timing: fc.constant("race"),
});
const resetAtOnce = fc.record<Goes>({
  acts: waits,
  timeout: fc.constant([]),
  leaves: fc.constant("resets-at-once"),
  timing: fc.constant("race"),
});

/** In which nothing depends on time. */
export const courses: readonly Course[] = [
  { weight: 6, goes: toItsEnd, streams: true, untouched: [] },
  { weight: 1, goes: reset, streams: true, untouched: [] },
];

/** In which much does. */
export const timedCourses: readonly Course[] = [
  { weight: 1, goes: overdue, streams: false, untouched: ["types"] },
  { weight: 1, goes: halfOpen, streams: false, untouched: ["types"] },
  { weight: 1, goes: hardlyBegun, streams: false, untouched: ["types", "messages", "cut", "tail"] },
  { weight: 1, goes: resetAtOnce, streams: false, untouched: [] },
];
