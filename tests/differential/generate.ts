import type { DescMethod } from "@bufbuild/protobuf";
import fc from "fast-check";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { Inference } from "../../gen/openshell/inference/v1/inference_pb.ts";
import { openShellAuthorization } from "../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { AuthorizationRow } from "../../src/access/index.ts";
import { mostly, one } from "./choices.ts";
import { type Course, courses, type Goes, timedCourses } from "./courses.ts";
import type { GeneratedCall, GeneratedMessage } from "./generated-call.ts";
import { accept, authorization, encoding, metadata, types } from "./header-values.ts";
import { servedMethods } from "./methods.ts";
import type { Batch } from "./two-ways.ts";

const namesOf = (service: string, ...kinds: readonly DescMethod["methodKind"][]) =>
  [...servedMethods]
    .filter(([name, { methodKind }]) => name.startsWith(service) && kinds.includes(methodKind))
    .map(([name]) => name);

const usual = [
  "Health",
  "GetSandboxConfig",
  "GetCurrentUser",
  "ReportPolicyStatus",
  "RefreshSandboxToken",
  "GetSandbox",
];
const unaryMethods = [
  { weight: 8, arbitrary: one(...usual.map((name) => `${OpenShell.typeName}/${name}`)) },
  { weight: 4, arbitrary: one(...namesOf(OpenShell.typeName, "unary")) },
  { weight: 4, arbitrary: one(...namesOf(Inference.typeName, "unary")) },
  { weight: 1, arbitrary: one(...namesOf(Health.typeName, "unary")) },
  {
    weight: 1,
    arbitrary: one("openshell.v1.OpenShell/NoSuchMethod", "no.such.Service/Method", "openshell.v1.OpenShell", ""),
  },
];
const streams = { weight: 1, arbitrary: one(...namesOf(OpenShell.typeName, "server_streaming", "client_streaming")) };
const methodsOf = (course: Course) =>
  fc.oneof({ withCrossShrink: true }, ...unaryMethods, ...(course.streams ? [streams] : []));

const message: fc.Arbitrary<GeneratedMessage> = fc.record({
  payload: mostly<GeneratedMessage["payload"]>(
    "good",
    "empty",
    "other-sandbox",
    "bad-name",
    "unknown-fields",
    "at-limit",
    "over-limit",
    "cut-off",
    "no-field",
    "bad-text",
    "groups",
    "bomb",
  ),
  squeezed: mostly<GeneratedMessage["squeezed"]>("", "gzip", "br", "deflate", "twice"),
  flags: mostly<number | undefined>(undefined, 0, 1, 2, 0x80, 0xff),
  lie: mostly<number | undefined>(0, 1, -1, 7, 5_000, undefined),
});
const messages = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: fc.array(message, { minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.array(message, { maxLength: 3 }) },
);

const tweaks = {
  ...{ types, authorization, encoding, accept, metadata, messages },
  verb: one("GET", "PUT", "OPTIONS", "post"),
  path: one<GeneratedCall["path"]>("query", "lower", "slash", "double", "encoded", "parameter", "dots"),
  te: fc.constant<readonly string[]>([]),
  authority: one<GeneratedCall["authority"]>("other", "same-host", "other-host", "two-hosts", "bad", "empty"),
  cut: one(1, 4, 6, 20),
  tail: one("00", "0000000000", "0000000005", "ff", "010203040506"),
  splits: fc.array(fc.nat(2_500), { minLength: 1, maxLength: 4 }),
};
type Tweak = keyof typeof tweaks;
/** What is looked at before a message is leaves little to compare behind it. */
const weights: Partial<Record<Tweak, number>> = { messages: 8, verb: 1, path: 1, types: 2, te: 1, authority: 1 };

/** A call that nothing is wrong with, but for what `goes` does. */
function plainCall(method: string, goes: Goes): GeneratedCall {
  return {
    ...{ verb: "POST", method, path: "exact", types: ["application/grpc"], te: ["trailers"], authority: "own" },
    authorization: [`Bearer ${suits(method)}`],
    ...{ encoding: [], accept: [], metadata: [], cut: 0, tail: "", splits: [] },
    messages: [{ payload: "good", squeezed: "", flags: undefined, lie: 0 }],
    ...goes,
  };
}

function suits(method: string): string {
  const found = servedMethods.get(method);
  const row: AuthorizationRow | undefined = found && rows[found.localName];
  return row?.mode === "sandbox" ? "sandbox" : "user";
}
const rows: Readonly<Record<string, AuthorizationRow>> = openShellAuthorization;

/** Messages are decompressed beside everything else: a reset may come before or after. */
function racing(call: GeneratedCall): GeneratedCall {
  const isReset = call.leaves.startsWith("resets-") && call.messages.some(({ squeezed }) => squeezed !== "");
  return isReset ? { ...call, timing: "race" } : call;
}

/** A compressed message mostly comes with the encoding that it has. */
function withItsEncoding(call: GeneratedCall): GeneratedCall {
  const squeezed = call.messages.find((each) => each.squeezed !== "")?.squeezed;
  return squeezed === undefined ? call : { ...call, encoding: [squeezed === "twice" ? "gzip" : squeezed] };
}

/**
 * What Connect says of a body in which two things are wrong depends on whether they came in one piece of it: nothing
 * comes behind a message that may be no good, nor behind one that is too many.
 */
function oneFlaw(call: GeneratedCall): GeneratedCall {
  const [first, second] = call.messages;
  const isPlain = first?.payload === "good" && first.squeezed === "" && !first.flags && first.lie === 0;
  if (first === undefined || (isPlain && second === undefined)) return call;
  return { ...call, messages: isPlain && second ? [first, second] : [first], tail: "" };
}

/** A call with a few things changed: one alone shows what is done about it, two or three which comes first. */
function callOf(course: Course): fc.Arbitrary<GeneratedCall> {
  const touched = (Object.keys(tweaks) as Tweak[]).filter((name) => !course.untouched.includes(name));
  const change = fc.oneof(
    ...touched.map((name) => ({
      weight: weights[name] ?? 4,
      arbitrary: (tweaks[name] as fc.Arbitrary<unknown>).map((value) => [name, value] as const),
    })),
  );
  const changes = fc.uniqueArray(change, { selector: ([name]) => name, maxLength: 3, size: "max" });
  return fc.tuple(methodsOf(course), course.goes, changes).map(([method, goes, changed]) => {
    const made: GeneratedCall = { ...plainCall(method, goes), ...Object.fromEntries(changed) };
    return racing(oneFlaw(changed.some(([name]) => name === "encoding") ? made : withItsEncoding(made)));
  });
}

/** A body that is not as long as its content-length says ends the whole connection, whatever else is on it. */
const endsConnection = ({ metadata: lines }: GeneratedCall) => lines.some(([name]) => name === "content-length");

function batchesOf(taken: readonly Course[]): fc.Arbitrary<Batch> {
  const call = fc.oneof(...taken.map((course) => ({ weight: course.weight, arbitrary: callOf(course) })));
  return fc.record({
    listener: fc.oneof({ withCrossShrink: true }, { weight: 8, arbitrary: fc.constant(0) }, one(1, 2, 3)),
    window: fc.oneof({ withCrossShrink: true }, { weight: 4, arbitrary: fc.constant(undefined) }, one(1, 100, 1_000)),
    calls: fc
      .array(call, { minLength: 1, maxLength: 16, size: "max" })
      .map((calls) => calls.filter((each) => calls.length === 1 || !endsConnection(each)))
      .filter((calls) => calls.length > 0),
  });
}

/** Calls that share a connection. */
export const batches: fc.Arbitrary<Batch> = fc.oneof(
  { weight: 12, arbitrary: batchesOf(courses) },
  { weight: 1, arbitrary: batchesOf(timedCourses) },
);
