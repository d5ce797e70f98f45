import { randomBytes } from "node:crypto";
import type { Attack, Target } from "../support/attack.ts";
import { bearersCall, call, naming, streams } from "./calls.ts";
import { relentless } from "./relentless.ts";

/** Half of what a connection may have at once. */
const perRound = 128;
/** Calls as fast as they are answered by a client that has no more of them open than it may. */
const calls = (make: (stream: number, target: Target) => Buffer): Attack => ({
  answer: "bears it",
  strike: relentless({
    again: (round, target) => streams(round, perRound, (stream) => make(stream, target)),
    pauseMs: 5,
  }),
});

/** Calls in good form: what they cost is what authentication costs. */
export const credentials = {
  "credentials that are nobody's": calls((stream) => call(stream, bearersCall(randomBytes(48).toString("base64url")))),
  "tokens whose signature is no good": calls((stream, { sandbox: { token } }) => {
    const signed = token.slice(0, token.lastIndexOf("."));
    return call(stream, bearersCall(`${signed}.${randomBytes(64).toString("base64url")}`));
  }),
  "refreshes without end": calls((stream, { spare }) =>
    call(stream, bearersCall(spare.token, { method: "RefreshSandboxToken" })),
  ),
  "calls without end": calls((stream, { sandbox }) => call(stream, bearersCall(sandbox.token), naming(sandbox))),
} as const satisfies Record<string, Attack>;
