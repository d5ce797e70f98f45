import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SandboxLogLineSchema } from "../../../../gen/openshell/v1/logs_pb.ts";
import { LogRing } from "../../../../src/services/logs/log-ring.ts";

const most = 4;
const line = (message: string) => create(SandboxLogLineSchema, { message });
const all = (ring: LogRing) => ring.newest(100, () => true).map(({ message }) => message);

test("the newest lines are kept, oldest first", () => {
  const ring = new LogRing(most, 1_000_000);
  const dropped = Array.from({ length: 11 }, (_, at) => ring.push(line(`${at}`)));
  expect(all(ring)).toEqual(["7", "8", "9", "10"]);
  expect(dropped).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
  expect(ring.length).toBe(most);
});

test("a line that is dropped is in nobody's memory any more, at once", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const ring = new LogRing(most, 1_000_000);
  const oldest = (() => {
    const first = line("first");
    ring.push(first);
    return new WeakRef(first);
  })();
  for (let at = 0; at < most; at++) ring.push(line(`${at}`));
  // What a WeakRef was asked for lives until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(oldest.deref()).toBeUndefined();
  expect(all(ring)).toEqual(["0", "1", "2", "3"]);
});
