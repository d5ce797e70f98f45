import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { frame } from "../protocols/support/http2-client.ts";
import { observe, type Recorded } from "./observed.ts";
import { differencesOf, type Outcome } from "./outcome.ts";

const head = [":status", "200", "content-type", "application/grpc+proto", "date", "Mon, 01 Jan 2026 00:00:00 GMT"];
const trailers = ["grpc-status", "3", "grpc-message", "no", "grpc-status-details-bin", "AA", "x-end", "1"];
const message = Buffer.from("a message");
const answer: Recorded = { early: [], headers: head, trailers, body: frame(message), reset: 0 };
const record = {
  ...{ method: "a/B", protocol: "grpc", code: "ok", reason: undefined, traceparent: undefined },
  principalKind: "user" as const,
};

const outcomeOf = (recorded: Partial<Recorded>, over: Partial<Outcome> = {}): Outcome => ({
  answers: [observe({ ...answer, ...recorded })],
  goaway: undefined,
  records: [record, { ...record, code: "internal" }],
  audited: [{ event: "token.refused" }],
  lines: ["warn a"],
  seen: ["1: ran"],
  ...over,
});
const same = outcomeOf({});
const whatDiffers = (other: Outcome) => differencesOf(same, other).map(({ what }) => what);
const changed = (name: string, value: string) => trailers.with(trailers.indexOf(name) + 1, value);
const packed = frame(gzipSync(message), 1);

test.each<[string, Partial<Recorded>]>([
  ["status", { headers: head.with(1, "404") }],
  ["early", { early: [[":status", "100"]] }],
  ["grpcStatus", { trailers: changed("grpc-status", "13") }],
  ["grpcStatus", { trailers: [...trailers, "grpc-status", "3"] }],
  ["grpcMessage", { trailers: changed("grpc-message", "No") }],
  ["grpcDetails", { trailers: changed("grpc-status-details-bin", "AB") }],
  ["trailers", { trailers: changed("x-end", "2") }],
  ["headers", { headers: head.with(3, "application/grpc") }],
  ["headers", { headers: [...head, "x-more", "1"] }],
  ["headers", { headers: head.slice(0, 4) }],
  ["metadata", { headers: [...head, ...trailers, "x-more", "1"], trailers: undefined }],
  ["messages", { body: frame(Buffer.from("a massage")) }],
  ["messages", { body: Buffer.concat([frame(message), frame(message)]) }],
  ["compressions", { body: packed, headers: [...head, "grpc-encoding", "gzip"] }],
  ["messages", { body: packed, headers: [...head, "grpc-encoding", "deflate"] }],
  ["rest", { body: Buffer.concat([frame(message), Buffer.from([0])]) }],
  ["reset", { reset: 8 }],
  ["reset", { reset: undefined }],
])("another %s is a difference", (what, recorded) => {
  expect(whatDiffers(outcomeOf(recorded))).toContain(`call 0: ${what}`);
});

test.each<[string, Partial<Outcome>]>([
  ["number of answers", { answers: [] }],
  ["goaway", { goaway: 11 }],
  ["call records", { records: [record, record] }],
  ["call records", { records: [record] }],
  ["audit events", { audited: [{ event: "token.refused" }, { event: "token.refused" }] }],
  ["log", { lines: [] }],
  ["seen by handlers", { seen: ["1: ended"] }],
])("other %s are a difference", (what, over) => {
  expect(whatDiffers(outcomeOf({}, over))).toEqual([what]);
});

test("of what gRPC leaves open, nothing is a difference", () => {
  expect(whatDiffers(outcomeOf({ headers: [...head, ...trailers], trailers: undefined }))).toEqual([]);
  expect(whatDiffers(outcomeOf({ headers: head.with(5, "Tue, 02 Jan 2026 00:00:00 GMT") }))).toEqual([]);
  expect(whatDiffers(outcomeOf({ headers: [...head, "grpc-encoding", "gzip"] }))).toEqual([]);
  expect(whatDiffers(outcomeOf({}, { records: same.records.toReversed() }))).toEqual([]);
});
