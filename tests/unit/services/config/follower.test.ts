import { expect, test } from "vitest";
import { PolicyStatus } from "../../../../gen/openshell/v1/policy_pb.ts";
import { Configuration } from "../../../../src/services/config/index.ts";
import type { PolicyStore } from "../../../../src/store/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { openConfiguration } from "./opened.ts";
import { policy } from "./policies.ts";

const version = (index: number) => policy({ filesystem: { readOnly: [`/v${index}`] } });

/** A second replica on the store of the first, whose reading of the store a test may hold up. */
async function twoReplicas() {
  const first = await openConfiguration();
  let held: Promise<unknown> | undefined;
  const after = async <T>(work: Promise<T>): Promise<T> => {
    const value = await work;
    await held;
    return value;
  };
  const { policies } = first.store;
  const store: PolicyStore = {
    ...policies,
    findMany: (scopes) => after(policies.findMany(scopes)),
    load: () => after(policies.load()),
  };
  const second = await Configuration.open({ store, clock: new FakeClock() });
  const hold = (until: Promise<unknown> | undefined) => {
    held = until;
  };
  return { first, second, hold };
}

test("what another replica decided stands here once it is learned, and not before", async () => {
  const { first, second } = await twoReplicas();
  const a = await first.sandbox(version(1));
  expect(() => second.effective(a)).toThrow("sandbox not found");
  await second.follower.learn([a.id]);
  expect(second.effective(a).version).toBe(1);
  await first.user(a, { policy: version(2) });
  expect(second.effective(a).version).toBe(1);
  await second.follower.learn([a.id]);
  expect(second.effective(a)).toEqual(await first.get(a));
});

test("a global policy of another replica stands for every sandbox", async () => {
  const { first, second } = await twoReplicas();
  const a = await first.sandbox(version(1));
  await second.follower.reload();
  await first.user(undefined, { policy: version(7) });
  await second.follower.learn(["global"]);
  expect(second.effective(a)).toEqual(await first.get(a));
});

test("what another replica removed is gone here, by its news and by reading everything", async () => {
  const { first, second } = await twoReplicas();
  const [a, b] = [await first.sandbox(version(1), "a"), await first.sandbox(version(1), "b")];
  await second.follower.reload();
  await first.configuration.remove(a.id);
  await second.follower.learn([a.id]);
  expect(() => second.effective(a)).toThrow("sandbox not found");
  await first.configuration.remove(b.id);
  await second.follower.reload();
  expect(() => second.effective(b)).toThrow("sandbox not found");
});

test("a reading that this replica's own change overtook does not undo it", async () => {
  const { first, second, hold } = await twoReplicas();
  const a = await first.sandbox(version(1));
  await second.follower.learn([a.id]);
  for (const read of [() => second.follower.learn([a.id]), () => second.follower.reload()]) {
    const gate = Promise.withResolvers<void>();
    hold(gate.promise);
    const reading = read();
    const before = second.effective(a).version;
    await new Promise((resolve) => setImmediate(resolve));
    await second.report(a, { version: before, status: "loaded", loadError: undefined });
    gate.resolve();
    hold(undefined);
    await reading;
    expect(second.loadedVersion(a.id)).toBe(before);
    await first.user(a, { policy: version(before + 1) });
    await second.follower.learn([a.id]);
  }
});

test("listeners hear of what another replica changed, and not twice of the same", async () => {
  const { first, second } = await twoReplicas();
  const a = await first.sandbox(version(1));
  await second.follower.learn([a.id]);
  const heard: number[] = [];
  using _listening = second.onChange(({ loadedVersion }) => heard.push(loadedVersion));
  await first.report(a, 1, PolicyStatus.LOADED);
  await second.follower.learn([a.id]);
  await second.follower.learn([a.id]);
  await second.follower.reload();
  expect(heard).toEqual([1]);
});
