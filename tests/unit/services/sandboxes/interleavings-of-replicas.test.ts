import fc from "fast-check";
import { expect, test } from "vitest";
import { SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { silentLog } from "../../../../src/core/log.ts";
import type { Secret } from "../../../../src/core/secret.ts";
import {
  deliverToSandboxes,
  SandboxLifecycle,
  type SandboxRecord,
  SandboxRegistry,
} from "../../../../src/services/sandboxes/index.ts";
import { userPrincipal } from "../../../support/principals.ts";
import { newSandbox } from "../../../support/sandbox-world.ts";
import { type Gateway, newKey, startTokens } from "../../../support/tokens.ts";
import { byChance, chances, inEveryOrder, Steps } from "./step-by-step.ts";
import { SteppedDriver, SteppedFamilies, steppedSandboxes } from "./stepped-stores.ts";

interface Replica {
  readonly gateway: Gateway;
  readonly driver: SteppedDriver;
  readonly registry: SandboxRegistry;
  readonly lifecycle: SandboxLifecycle;
  /** Learns what the stores have. */
  learn(): Promise<void>;
}

interface World {
  readonly steps: Steps;
  /** The owner. */
  readonly a: Replica;
  readonly b: Replica;
  readonly made: SandboxRecord;
  readonly first: Secret;
  readonly families: SteppedFamilies;
  /** What the store says that somebody wants of it. */
  wanted(): string | undefined;
}

const user = userPrincipal();
const key = newKey();

/** A sandbox that replica A made and runs, and that B knows. */
async function running(): Promise<World> {
  const steps = new Steps();
  const sandboxes = steppedSandboxes(steps);
  const families = new SteppedFamilies(steps, sandboxes.demandRunning);
  const replica = async (name: string): Promise<Replica> => {
    const driver = new SteppedDriver(steps);
    const owns = (sandbox: SandboxRecord) => sandbox.replica === name;
    const gateway = await startTokens({ store: families, key, deliver: async (id, token) => deliver(id, token) });
    const { tokens, clock } = gateway;
    const registry = await SandboxRegistry.open({ store: sandboxes.store, clock, replica: name });
    const deliver = deliverToSandboxes(registry, driver, owns);
    const lifecycle = new SandboxLifecycle({
      ...{ registry, tokens, driver, belongings: [], audit: () => undefined, log: silentLog, owns },
    });
    const learn = async () => {
      await tokens.follower.reload();
      await registry.follower.reload();
    };
    return { gateway, driver, registry, lifecycle, learn };
  };
  const [a, b] = [await replica("a"), await replica("b")];
  const made = await a.lifecycle.create(newSandbox(), user);
  await b.learn();
  const first = a.driver.files.get(made.id) as Secret;
  await a.gateway.present(first);
  return { steps, a, b, made, first, families, wanted: () => sandboxes.rows.get(made.id)?.desired };
}

type Act = (world: World) => Promise<unknown>;
const at =
  (who: "a" | "b", what: "stop" | "start" | "remove"): Act =>
  async (world) => {
    await world.steps.reach(`${what} at ${who}`);
    // Who comes too late, to a sandbox that is going, is refused.
    await world[who].lifecycle[what](world.made.id, user).catch(() => undefined);
  };
const acts = {
  "stop at a": at("a", "stop"),
  "stop at b": at("b", "stop"),
  "start at a": at("a", "start"),
  "start at b": at("b", "start"),
  "delete at a": at("a", "remove"),
  "delete at b": at("b", "remove"),
  "a learns": async ({ steps, a }: World) => {
    await steps.reach("learn at a");
    await a.learn();
  },
  "b learns": async ({ steps, b }: World) => {
    await steps.reach("learn at b");
    await b.learn();
  },
  "a renews": async ({ steps, a, made }: World) => {
    await steps.reach("renew at a");
    await a.lifecycle.renewToken(made.id).catch(() => undefined);
  },
} as const satisfies Record<string, Act>;
type Name = keyof typeof acts;

/** Runs the acts at the same time, one step after the other; then lets both learn all. */
async function interleave(names: readonly Name[], choose: (waiting: number) => number): Promise<World> {
  const world = await running();
  const { steps, a, b, made, first, families, wanted } = world;
  const order = await steps.run(async () => {
    await Promise.all(names.map((name) => acts[name](world)));
    await a.lifecycle.idle();
    await b.lifecycle.idle();
  }, choose);
  for (const replica of [a, b, a, b]) {
    await replica.learn();
    await replica.lifecycle.idle();
  }
  const told = `${names.join(" | ")}: ${order.join(", ")}`;
  const live = await families.ofSandbox(made.id);
  const file = a.driver.files.get(made.id);
  const phases = [a, b].map(({ registry }) => registry.find(made.id)?.phase);
  expect(b.driver.calls, told).toEqual([]);
  expect(a.lifecycle.unsettled.concat(b.lifecycle.unsettled), told).toEqual([]);
  if (wanted() === "running") {
    expect([live.length, a.driver.running.has(made.id)], told).toEqual([1, true]);
    const current = await a.gateway.tokens.currentToken(made.id);
    expect(file?.equals(current as Secret), told).toBe(true);
  } else {
    const phase = wanted() === "stopped" ? SandboxPhase.STOPPED : undefined;
    expect([live, a.driver.running.has(made.id), phases], told).toEqual([[], false, [phase, phase]]);
    for (const replica of [a, b]) expect((await replica.gateway.present(first)).ok, told).toBe(false);
  }
  return world;
}

test.each<[Name, Name]>([
  ["stop at b", "a renews"],
  ["stop at b", "a learns"],
  ["delete at b", "a renews"],
  ["delete at b", "a learns"],
])("%s and %s in every order: the wish is what becomes of it, at both", async (...names) => {
  expect(await inEveryOrder(async (choose) => void (await interleave(names, choose)))).toBeGreaterThan(5);
});

test.each<[Name, Name, (string | undefined)[]]>([
  ["stop at b", "stop at a", ["stopped"]],
  ["stop at b", "start at a", ["stopped", "running"]],
  ["delete at b", "delete at a", [undefined]],
  ["delete at b", "stop at a", [undefined]],
  ["delete at b", "start at a", [undefined]],
])("%s and %s: whichever is stored last is what becomes of it, at both", async (one, other, ends) => {
  await fc.assert(
    fc.asyncProperty(chances, async (choices) => {
      expect(ends).toContain((await interleave([one, other], byChance(choices))).wanted());
    }),
    { numRuns: 60 },
  );
});

test("whatever is wanted at both replicas at the same time, they agree in the end, and one driver alone does it", async () => {
  const ends = new Set<string | undefined>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...(Object.keys(acts) as Name[])), { minLength: 2, maxLength: 6 }),
      chances,
      async (names, choices) => {
        ends.add((await interleave(names, byChance(choices))).wanted());
      },
    ),
    { numRuns: 200 },
  );
  expect(ends).toEqual(new Set(["running", "stopped", undefined]));
});

test("a stop and a start at the replica that does not run it, while its owner learns: what ran is ended, once both are told", async () => {
  await fc.assert(
    fc.asyncProperty(chances, async (choices) => {
      const world = await running();
      const { steps, a, b, made, first, families } = world;
      const order = await steps.run(async () => {
        const learning = Promise.all([acts["a learns"](world), acts["a learns"](world)]);
        await b.lifecycle.stop(made.id, user);
        await b.lifecycle.start(made.id, user);
        await learning;
        await a.lifecycle.idle();
      }, byChance(choices));
      await a.learn();
      await a.lifecycle.idle();
      const told = order.join(", ");
      expect(a.driver.calls, told).toContain(`stop ${made.id}`);
      expect([a.driver.running.has(made.id), (await a.gateway.present(first)).ok], told).toEqual([true, false]);
      expect(await families.ofSandbox(made.id), told).toHaveLength(1);
    }),
    { numRuns: 60 },
  );
});
