/** One call as the generator describes it: plain data, so that what is shrunk can be read and run again. */
export interface GeneratedCall {
  readonly verb: string;
  /** `Service/Method`; the first part may be a service that nobody serves. */
  readonly method: string;
  readonly path: PathSpelling;
  /** Values of content-type, in order. */
  readonly types: readonly string[];
  readonly te: readonly string[];
  /** Values of authorization, in order. */
  readonly authorization: readonly string[];
  readonly authority: Authority;
  /** Values of grpc-timeout, in order. */
  readonly timeout: readonly string[];
  /** Values of grpc-encoding, in order. */
  readonly encoding: readonly string[];
  /** Values of grpc-accept-encoding, in order. */
  readonly accept: readonly string[];
  readonly metadata: readonly (readonly [name: string, value: string])[];
  readonly messages: readonly GeneratedMessage[];
  /** Bytes that are missing at the body's end. */
  readonly cut: number;
  /** Bytes behind the body, in hex. */
  readonly tail: string;
  /** Where the body is split over DATA frames, in bytes from its start. */
  readonly splits: readonly number[];
  readonly acts: Act;
  readonly leaves: Leaving;
  readonly timing: Timing;
}

/**
 * What of a call depends on time: nothing; which of two things comes first, where a timer has long to go, so that such a
 * call is compared again before a difference counts; or even whether its handler was reached.
 */
type Timing = "none" | "timer" | "race";

export type PathSpelling = "exact" | "query" | "lower" | "slash" | "double" | "encoded" | "parameter" | "dots";

export type Authority = "own" | "other" | "same-host" | "other-host" | "two-hosts" | "bad" | "empty";

export interface GeneratedMessage {
  readonly payload: Payload;
  readonly squeezed: "" | "gzip" | "br" | "deflate" | "twice";
  /** The prefix's first byte; undefined where it says the truth. */
  readonly flags: number | undefined;
  /** What is added to the length in the prefix; undefined for the largest length there is. */
  readonly lie: number | undefined;
}

export type Payload =
  | "good"
  | "empty"
  | "other-sandbox"
  | "bad-name"
  | "unknown-fields"
  | "at-limit"
  | "over-limit"
  | "cut-off"
  | "no-field"
  | "bad-text"
  | "groups"
  | "bomb";

/** What the handler does. */
export interface Act {
  readonly does:
    | "answer"
    | "answer-text"
    | "echo"
    | "refuse"
    | "throw"
    | "wait"
    | "answer-badly"
    | "set-metadata"
    | "fail-with-metadata";
  /** How much text it answers; what it throws; which metadata it reads; what it does once its wait is over. */
  readonly detail: string;
  /** Turns of the event loop before it does it: 0 at once, 1 a promise, 2 the next turn. */
  readonly after: 0 | 1 | 2;
  /** Whether it looks at its signal. */
  readonly watches: boolean;
}

/** How the client ends its side. */
export type Leaving =
  | "ends"
  | "ends-apart"
  | "ends-with-trailers"
  | "ends-in-headers"
  | "stays"
  | "resets-before-body"
  | "resets-in-body"
  | "resets-politely"
  | "resets-when-served"
  | "resets-at-once";
