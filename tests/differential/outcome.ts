import type { CallRecord } from "../../src/http/index.ts";
import type { Observed } from "./observed.ts";

/** All that came of one batch of calls at one front door. */
export interface Outcome {
  /** In the order of the calls. */
  readonly answers: readonly Observed[];
  /** The code of a GOAWAY, where the connection got one. */
  readonly goaway: number | undefined;
  readonly records: readonly Omit<CallRecord, "durationMs">[];
  readonly audited: readonly object[];
  /** Lines of the log at warn and above. */
  readonly lines: readonly string[];
  /** What the handlers saw. */
  readonly seen: readonly string[];
}

export interface Difference {
  readonly what: string;
  readonly lean: unknown;
  readonly connect: unknown;
}

/** Where two outcomes differ in more than the framing that gRPC leaves open. */
export function differencesOf(lean: Outcome, connect: Outcome): Difference[] {
  const answers = lean.answers.flatMap((answer, at) =>
    answerDifferences(`call ${at}`, answer, connect.answers[at] ?? answer),
  );
  return [
    ...answers,
    ...difference("number of answers", lean.answers.length, connect.answers.length),
    ...difference("goaway", lean.goaway, connect.goaway),
    ...listDifference("call records", lean.records, connect.records),
    ...listDifference("audit events", lean.audited, connect.audited),
    ...listDifference("log", lean.lines, connect.lines),
    ...listDifference("seen by handlers", lean.seen, connect.seen),
  ];
}

function answerDifferences(call: string, lean: Observed, connect: Observed): Difference[] {
  const isMerged = lean.inOneBlock || connect.inOneBlock;
  const names = [
    "early",
    "status",
    "grpcStatus",
    "grpcMessage",
    "grpcDetails",
    "messages",
    "compressions",
    "rest",
    "reset",
  ];
  const same = names as readonly (keyof Observed)[];
  return [
    ...same.flatMap((name) => difference(`${call}: ${name}`, lean[name], connect[name])),
    ...(isMerged
      ? difference(`${call}: metadata`, mergedMetadata(lean), mergedMetadata(connect))
      : [
          ...difference(`${call}: headers`, lean.headers, connect.headers),
          ...difference(`${call}: trailers`, lean.trailers, connect.trailers),
        ]),
  ];
}

const mergedMetadata = ({ headers, trailers }: Observed) => [...headers, ...trailers].toSorted();

function difference(what: string, lean: unknown, connect: unknown): Difference[] {
  return JSON.stringify(lean) === JSON.stringify(connect) ? [] : [{ what, lean, connect }];
}

/** What is done at once may be told in any order; what both told is left out. */
function listDifference(what: string, lean: readonly unknown[], connect: readonly unknown[]): Difference[] {
  const [ours, theirs] = [lean, connect].map((things) => things.map((thing) => JSON.stringify(thing)).toSorted());
  return difference(what, without(ours ?? [], theirs ?? []), without(theirs ?? [], ours ?? []));
}

/** `all` without each of `others`, once. */
function without(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return all.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
