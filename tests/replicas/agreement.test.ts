import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describePostgres } from "../support/postgres.ts";
import { partsOf } from "../support/tokens.ts";
import { expectOneSuccessor } from "./support/one-successor.ts";
import type { Replica, TestSandbox } from "./support/replica.ts";
import { type Replicas, startReplicas } from "./support/replicas.ts";
import { openSession, outcomeOf, type Session } from "./support/session.ts";
import { phaseAt, promptly, watch } from "./support/watch.ts";

/** A machine that is busy with something else is late now and then. */
const timed = { retry: 2 };
const patience = { timeout: 20_000 };

describePostgres("two gateways on one database", () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startReplicas();
  });
  afterAll(() => replicas?.[Symbol.asyncDispose]());

  const use = (replica: Replica, { id }: TestSandbox, token: string) =>
    outcomeOf(replica.client(token).getSandboxConfig({ sandboxId: id }));
  const refresh = (replica: Replica, token: string) => outcomeOf(replica.client(token).refreshSandboxToken({}));
  async function connected(replica: Replica, sandbox: TestSandbox): Promise<Session> {
    const session = await openSession(replica, sandbox);
    onTestFinished(() => session[Symbol.dispose]());
    return session;
  }
  /** The one that was asked to do something, and the one that has to hear of it. */
  const sides = [
    ["the one that runs it", () => ({ here: replicas.a, elsewhere: replicas.b, owner: replicas.a })],
    ["the other", () => ({ here: replicas.b, elsewhere: replicas.a, owner: replicas.a })],
  ] as const;

  test("K4: a sandbox made at one is there at the other for whoever asks next, by its name and by its id", async () => {
    const { a, b } = replicas;
    for (let round = 0; round < 20; round += 1) {
      const { sandbox } = await a.client().createSandbox({ name: `asked-${round}` });
      const { name = "", id = "" } = sandbox?.metadata ?? {};
      if (round % 2 === 0) expect(await outcomeOf(b.client().getSandbox({ name }))).toBe("ok");
      else expect(await outcomeOf(b.client().getSandboxConfig({ sandboxId: id }))).toBe("ok");
    }
    expect(await outcomeOf(b.client().getSandbox({ name: "nobody" }))).toBe("NotFound");
  });

  describe.each(sides)("what was taken back at %s", (_name, side) => {
    test.each([
      ["stopped", (replica: Replica, { name }: TestSandbox) => replica.client().stopSandbox({ name })],
      ["deleted", (replica: Replica, { name }: TestSandbox) => replica.client().deleteSandbox({ name })],
      [
        "left without a token",
        (replica: Replica, { name }: TestSandbox) =>
          replica.identity().revokeSandboxTokens({ sandbox: name, withhold: true }),
      ],
      [
        "left without its family",
        async (replica: Replica, { token }: TestSandbox) => {
          const [familyId] = String(partsOf(await token()).payload["jti"]).split(".");
          return replica.identity().revokeTokenFamily({ familyId: familyId ?? "" });
        },
      ],
    ])(
      "T5, T6, S6, A-41: a sandbox that was %s has no good token and no stream elsewhere within a second",
      timed,
      async (_done, act) => {
        const { here, elsewhere, owner } = side();
        const sandbox = await replicas.createSandbox(owner);
        const token = await sandbox.token();
        const session = await connected(elsewhere, sandbox);
        expect(await use(elsewhere, sandbox, token)).toBe("ok");

        await act(here, sandbox);
        expect(await use(here, sandbox, token)).toBe("Unauthenticated");
        await promptly(
          () => Promise.all([use(elsewhere, sandbox, token), session.state()]),
          ["Unauthenticated", "Unauthenticated"],
        );
        for (const replica of replicas.both) expect(await refresh(replica, token)).toBe("Unauthenticated");
        expect(await outcomeOf(openSession(elsewhere, { ...sandbox, token: async () => token }))).not.toBe("ok");
      },
    );
  });

  test("A-41: the token of a deleted sandbox is no good for the next one of its name, wherever that is made", async () => {
    const { a, b, both } = replicas;
    const old = await replicas.createSandbox(a, "same");
    const token = await old.token();
    await b.client().deleteSandbox({ name: "same" });
    // Its name is free once the one that runs it has brought its deletion to an end.
    const names = async () => (await b.client().listSandboxes({})).sandboxes.map(({ metadata }) => metadata?.name);
    await expect.poll(names, patience).not.toContain("same");
    const next = await replicas.createSandbox(b, "same");
    expect(next.id).not.toBe(old.id);
    for (const replica of both) {
      expect(await use(replica, old, token)).toBe("Unauthenticated");
      expect(await use(replica, next, token)).toBe("Unauthenticated");
    }
    await promptly(
      () =>
        a
          .client()
          .getSandbox({ name: "same" })
          .then(({ sandbox }) => sandbox?.metadata?.id),
      next.id,
    );
    expect(await use(a, next, await next.token())).toBe("ok");
  });

  test(
    "B4: a token that was refreshed is refused elsewhere within a second, its successor is not, and its stream goes on",
    timed,
    async () => {
      const { a, b } = replicas;
      const sandbox = await replicas.createSandbox(a);
      const session = await connected(b, sandbox);
      const old = await sandbox.token();
      const { token } = await a.client(old).refreshSandboxToken({});
      expect(await use(b, sandbox, token)).toBe("ok");
      await promptly(() => use(b, sandbox, old), "Unauthenticated");
      expect(session.state()).toBe("open");

      const { token: next } = await b.client(token).refreshSandboxToken({});
      await promptly(() => use(a, sandbox, token), "Unauthenticated");
      expect(await use(a, sandbox, next)).toBe("ok");
      await expect.poll(() => sandbox.token(), patience).toBe(next);
      expect(session.state()).toBe("open");
      await a.client().stopSandbox({ name: sandbox.name });
      await promptly(() => session.state(), "Unauthenticated");
    },
  );

  test("B1, A-39: a thousand refreshes of one token over both give one successor, and what is over a limit is told when to come back", async () => {
    await expectOneSuccessor(replicas);
  });

  describe("a sandbox's session", () => {
    test("is known wherever it is asked for, and a watcher elsewhere sees all that happens", timed, async () => {
      const { a, b } = replicas;
      const sandbox = await replicas.createSandbox(a);
      const seen = [a, b].map((replica) => watch(replica, sandbox));
      for (const { phases } of seen) await expect.poll(() => phases).toEqual(["PROVISIONING"]);
      const session = await connected(b, sandbox);
      await promptly(() => Promise.all([phaseAt(a, sandbox), phaseAt(b, sandbox)]), ["READY", "READY"]);
      session[Symbol.dispose]();
      expect(await session.ended).toBe("ok");
      await promptly(() => phaseAt(a, sandbox), "PROVISIONING");
      await connected(a, sandbox);
      await promptly(() => phaseAt(b, sandbox), "READY");
      await b.client().stopSandbox({ name: sandbox.name });
      await promptly(() => Promise.all([phaseAt(a, sandbox), phaseAt(b, sandbox)]), ["STOPPED", "STOPPED"]);
      await b.client().deleteSandbox({ name: sandbox.name });
      for (const { phases, ended } of seen) {
        await ended;
        // The end of its tokens, and so of its session, may be heard of before the wish that ended them.
        expect(phases.join(" ")).toMatch(
          /^PROVISIONING READY PROVISIONING READY( PROVISIONING)?( STOPPING)? STOPPED DELETING$/,
        );
      }
    });

    test("is superseded by a newer one elsewhere", timed, async () => {
      const { a, b } = replicas;
      const sandbox = await replicas.createSandbox(a);
      const first = await connected(a, sandbox);
      const second = await connected(b, sandbox);
      await promptly(() => first.state() !== "open", true);
      expect([second.state(), await phaseAt(a, sandbox), await phaseAt(b, sandbox)]).toEqual([
        "open",
        "READY",
        "READY",
      ]);
      const third = await connected(a, sandbox);
      await promptly(() => second.state() !== "open", true);
      expect([third.state(), await phaseAt(a, sandbox), await phaseAt(b, sandbox)]).toEqual(["open", "READY", "READY"]);
    });

    test("ends at once with a gateway that is stopped, and its supervisor is asked to come back", timed, async () => {
      const { a, b } = replicas;
      const sandbox = await replicas.createSandbox(b);
      const session = await connected(a, sandbox);
      await promptly(() => phaseAt(b, sandbox), "READY");
      const stopping = a.stop();
      expect(await session.ended).toBe("Unavailable");
      await promptly(() => phaseAt(b, sandbox), "PROVISIONING");
      await connected(b, sandbox);
      expect(await phaseAt(b, sandbox)).toBe("READY");
      await stopping;
      await a.start();
      expect(await phaseAt(a, sandbox)).toBe("READY");
    });

    test("does not outlive a gateway that crashed for longer than its lease, and counts elsewhere at once", async () => {
      const { a, b } = replicas;
      const [left, moved] = [await replicas.createSandbox(b), await replicas.createSandbox(b)];
      await Promise.all([connected(a, left), connected(a, moved)]);
      await promptly(() => Promise.all([phaseAt(b, left), phaseAt(b, moved)]), ["READY", "READY"]);
      await a.kill();
      await connected(b, moved);
      expect(await phaseAt(b, moved)).toBe("READY");
      await expect.poll(() => phaseAt(b, left), patience).toBe("PROVISIONING");
      expect(await phaseAt(b, moved)).toBe("READY");
      await a.start();
      expect([await phaseAt(a, left), await phaseAt(a, moved)]).toEqual(["PROVISIONING", "READY"]);
    });

    test("T6: a gateway that stood still takes no token that was revoked meanwhile, nor a session that is elsewhere", async () => {
      const { a, b, database } = replicas;
      const [revoked, moved] = [await replicas.createSandbox(b), await replicas.createSandbox(b)];
      const token = await revoked.token();
      const sessions = await Promise.all([connected(a, revoked), connected(a, moved)]);
      expect(await use(a, revoked, token)).toBe("ok");
      await a.freeze();
      await b.client().stopSandbox({ name: revoked.name });
      await connected(b, moved);
      // Longer than it may be blind, and longer than its lease: the others see it gone.
      await expect.poll(() => database.query("select name from replicas"), patience).toEqual([{ name: "b" }]);
      const calls = Array.from({ length: 50 }, () => use(a, revoked, token));
      await a.resume();
      for (const outcome of await Promise.all(calls)) expect(outcome).toMatch(/Unavailable|Unauthenticated/);
      await expect.poll(() => use(a, revoked, token), patience).toBe("Unauthenticated");
      await expect.poll(() => sessions.map((session) => session.state()), patience).not.toContain("open");
      await expect.poll(() => a.readiness(), patience).toBe(200);
      expect([await phaseAt(a, moved), await phaseAt(b, moved)]).toEqual(["READY", "READY"]);
      expect(await use(a, moved, await moved.token())).toBe("ok");
    });
  });
});
