import fc from "fast-check";
import { expect, test } from "vitest";
import { SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { silentLog } from "../../../../src/core/log.ts";
import type { SandboxPrincipal } from "../../../../src/core/principal.ts";
import type { Secret } from "../../../../src/core/secret.ts";
import {
  deliverToSandboxes,
  SandboxLifecycle,
  type SandboxRecord,
  SandboxRegistry,
} from "../../../../src/services/sandboxes/index.ts";
import { userPrincipal } from "../../../support/principals.ts";
import { newSandbox } from "../../../support/sandbox-world.ts";
import { type Gateway, newKey, refreshMethod, startTokens } from "../../../support/tokens.ts";
import { byChance, chances, inEveryOrder, Steps } from "./step-by-step.ts";
import { SteppedDriver, SteppedFamilies, steppedSandboxes } from "./stepped-stores.ts";

interface Sandbox {
  readonly made: SandboxRecord;
  readonly gateway: Gateway;
  readonly families: SteppedFamilies;
  readonly driver: SteppedDriver;
  readonly registry: SandboxRegistry;
  readonly lifecycle: SandboxLifecycle;
  readonly steps: Steps;
  /** What the store says that somebody wants of it. */
  wanted(): string | undefined;
  /** The tokens that were answered or delivered so far. */
  readonly given: Secret[];
  refresh(): Promise<void>;
  /** Whether a token is good for a call. */
  isGood(token: Secret): Promise<boolean>;
}

const user = userPrincipal();
const key = newKey();

/** A sandbox that runs, whose token was used, with everything that it is made of in the test's hands. */
async function running(): Promise<Sandbox> {
  const steps = new Steps();
  const families = new SteppedFamilies(steps);
  const driver = new SteppedDriver(steps);
  const given: Secret[] = [];
  const gateway = await startTokens({
    store: families,
    key,
    deliver: async (id, token) => deliver(id, token),
  });
  const stored = steppedSandboxes(steps);
  const registry = await SandboxRegistry.open({ store: stored.store, clock: gateway.clock });
  const deliver = deliverToSandboxes(registry, driver);
  const { tokens } = gateway;
  const lifecycle = new SandboxLifecycle({
    ...{ registry, tokens, driver, belongings: [], audit: () => undefined, log: silentLog },
  });
  const made = await lifecycle.create(newSandbox(), user);
  const file = () => driver.files.get(made.id) as Secret;
  given.push(file());
  await gateway.present(file());
  const first = await gateway.present(file(), refreshMethod);
  if (!first.ok) throw new Error("the first token is not good");
  return {
    ...{ made, gateway, families, driver, registry, lifecycle, steps, given },
    wanted: () => stored.rows.get(made.id)?.desired,
    async refresh() {
      await tokens.refresh(first.value as SandboxPrincipal, { conflict: false }).then(
        ({ token }) => void given.push(token),
        () => undefined,
      );
    },
    isGood: async (token) => (await gateway.present(token)).ok,
  };
}

type Act = (sandbox: Sandbox) => Promise<unknown>;
const stop: Act = ({ lifecycle, made }) => lifecycle.stop(made.id, user);
const start: Act = ({ lifecycle, made }) => lifecycle.start(made.id, user);
const refresh: Act = (sandbox) => sandbox.refresh();
const renew: Act = ({ lifecycle, made }) => lifecycle.renewToken(made.id).catch(() => undefined);
/** The keeper's work, after the machine slept for longer than a token lives. */
const mend: Act = ({ lifecycle, made, gateway }) => {
  gateway.clock.jump(7_200_000);
  return lifecycle.mendToken(made.id).catch(() => undefined);
};
const stopThenStart: Act = async (sandbox) => {
  await stop(sandbox);
  await start(sandbox);
};

/** Runs the acts at the same time, one step after the other, to the end of all that they began. */
async function interleave(acts: readonly Act[], choose: (waiting: number) => number): Promise<[Sandbox, string[]]> {
  const sandbox = await running();
  const order = await sandbox.steps.run(async () => {
    await Promise.all(acts.map((act) => act(sandbox)));
    await sandbox.lifecycle.idle();
  }, choose);
  const file = sandbox.driver.files.get(sandbox.made.id);
  if (file) sandbox.given.push(file);
  return [sandbox, order];
}

async function expectStopped([sandbox, order]: [Sandbox, string[]]): Promise<void> {
  const { families, registry, driver, made, given, isGood } = sandbox;
  const told = order.join(", ");
  expect(await families.ofSandbox(made.id), told).toEqual([]);
  for (const token of given) expect(await isGood(token), told).toBe(false);
  expect([registry.find(made.id)?.phase, driver.running.has(made.id)], told).toEqual([SandboxPhase.STOPPED, false]);
}

async function expectStarted([sandbox, order]: [Sandbox, string[]]): Promise<void> {
  const { families, driver, registry, gateway, made, given, isGood } = sandbox;
  const told = order.join(", ");
  expect(await families.ofSandbox(made.id), told).toHaveLength(1);
  const current = await gateway.tokens.currentToken(made.id);
  expect(driver.files.get(made.id)?.equals(current as Secret), told).toBe(true);
  expect(await isGood(given[0] as Secret), told).toBe(false);
  expect([registry.find(made.id)?.phase, driver.running.has(made.id)], told).toEqual([SandboxPhase.STARTING, true]);
  expect(driver.calls.indexOf(`stop ${made.id}`), told).toBeGreaterThan(0);
}

test.each([
  ["a refresh", refresh],
  ["a driver's renewal", renew],
  ["the keeper's mending", mend],
])(
  "a stop and %s in every order: the sandbox ends up stopped, and no token that anybody got is good",
  async (_, act) => {
    let met = 0;
    const orders = await inEveryOrder(async (choose) => {
      const outcome = await interleave([stop, act], choose);
      met += Number(outcome[1].some((step) => ["rotate", "begin"].includes(step)));
      await expectStopped(outcome);
    });
    expect(orders).toBeGreaterThan(40);
    expect(met).toBeGreaterThan(20);
  },
);

test("a stop that somebody waited for leaves no token good, whatever was under way when it began", async () => {
  const orders = await inEveryOrder(async (choose) => {
    const sandbox = await running();
    let atOnce: boolean[] = [];
    await sandbox.steps.run(async () => {
      const refreshing = refresh(sandbox);
      await stop(sandbox);
      const file = sandbox.driver.files.get(sandbox.made.id) as Secret;
      atOnce = await Promise.all([...sandbox.given, file].map(sandbox.isGood));
      await refreshing;
      await sandbox.lifecycle.idle();
    }, choose);
    expect(atOnce).not.toContain(true);
  });
  expect(orders).toBeGreaterThan(10);
});

/** An act that need not come first. */
const later =
  (name: string, act: Act): Act =>
  async (sandbox) => {
    await sandbox.steps.reach(name);
    return act(sandbox);
  };

test("a stop and a start in every order: the sandbox ends up as the later one wants", async () => {
  const ends = new Set<string | undefined>();
  await inEveryOrder(async (choose) => {
    const outcome = await interleave([later("stop", stop), later("start", start)], choose);
    const [{ driver, made, wanted }] = outcome;
    ends.add(wanted());
    if (wanted() === "stopped") return expectStopped(outcome);
    if (driver.calls.includes(`stop ${made.id}`)) await expectStarted(outcome);
  });
  expect([...ends].sort()).toEqual(["running", "stopped"]);
});

test("a stop, then a start, while its supervisor and its driver go on: it runs, with a new family, and the old one's tokens are dead", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(refresh, renew, mend), chances, async (act, choices) => {
      await expectStarted(await interleave([stopThenStart, act], byChance(choices)));
    }),
    { numRuns: 200 },
  );
});

test("whatever people, drivers and supervisors do at the same time, the last wish is what becomes of it", async () => {
  const acts = { stop, start, refresh, renew, mend };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...(Object.keys(acts) as (keyof typeof acts)[])), { minLength: 2, maxLength: 6 }),
      chances,
      async (names, choices) => {
        const outcome = await interleave(
          names.map((name) => later(name, acts[name])),
          byChance(choices),
        );
        const [{ registry, families, driver, made, gateway, wanted }, order] = outcome;
        expect(registry.find(made.id)?.desired).toBe(wanted());
        if (wanted() === "stopped") return expectStopped(outcome);
        const told = `${names.join(" | ")}: ${order.join(", ")}`;
        expect(await families.ofSandbox(made.id), told).toHaveLength(1);
        const current = (await gateway.tokens.currentToken(made.id)) as Secret;
        expect(driver.files.get(made.id)?.equals(current), told).toBe(true);
        expect(driver.running.has(made.id), told).toBe(true);
      },
    ),
    { numRuns: 150 },
  );
});
