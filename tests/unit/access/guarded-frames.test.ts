import { create, type Message } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SupervisorMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";
import type { Entry } from "../../../src/access/entry.ts";
import type { MethodGuard } from "../../../src/access/guard.ts";
import { guardFrames } from "../../../src/access/guarded-frames.ts";
import { parseSandboxId } from "../../../src/core/ids.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { grantScope } from "../../../src/core/scoped-sandbox.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { sandboxPrincipal } from "../../support/principals.ts";

const id = parseSandboxId("7d9f7b7e-1111-4222-8333-444455556666")!;
const entry: Entry = {
  principal: sandboxPrincipal(id),
  signal: new AbortController().signal,
  metadata: { get: () => undefined },
  peer: "127.0.0.1",
};
const first: Message = create(SupervisorMessageSchema);
const second: Message = create(SupervisorMessageSchema);
const strange: Message = create(SupervisorMessageSchema);

/** Grants every first frame, and confirms all frames but one. */
const guard: MethodGuard = {
  scope: () => grantScope({ id, name: "alpha", workspace: "default" }),
  confirm(message) {
    if (message === strange) throw new Refusal("other-sandbox", { facts: { requested: "another" } });
  },
};

/** Says whether it was told that nobody wants more. */
function source(...messages: Message[]) {
  const waiting = messages[Symbol.iterator]();
  let isTold = false;
  const frames: AsyncIterableIterator<Message> = {
    next: async () => waiting.next(),
    return: async () => {
      isTold = true;
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => frames,
  };
  return { frames, isTold: () => isTold };
}

const guarded = (frames: AsyncIterable<Message>) =>
  guardFrames(guard, frames, entry, { clock: new FakeClock(), firstFrameMs: 1_000 });

test("the first frame comes once more, before the others", async () => {
  const { frames } = await guarded(source(first, second).frames);
  expect(await Array.fromAsync(frames)).toEqual([first, second]);
});

test("a frame that names another sandbox is not handed on, and its source is told", async () => {
  const { frames: incoming, isTold } = source(first, strange, second);
  const { frames } = await guarded(incoming);
  expect((await frames.next()).value).toBe(first);
  await expect(frames.next()).rejects.toMatchObject({ reason: "other-sandbox" });
  expect(isTold()).toBe(true);
});

test("a consumer that leaves is passed on to the source, also before it has taken the first frame", async () => {
  const { frames: incoming, isTold } = source(first, second);
  const { frames } = await guarded(incoming);
  await frames.return?.();
  expect(isTold()).toBe(true);
});

test("a source that ends before its first frame is refused, and told", async () => {
  const { frames, isTold } = source();
  await expect(guarded(frames)).rejects.toMatchObject({ reason: "request-invalid" });
  expect(isTold()).toBe(true);
});
