import fc from "fast-check";
import { expect, test } from "vitest";
import type { FamilyId, SandboxId } from "../../../src/core/ids.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import type { Secret } from "../../../src/core/secret.ts";
import { partsOf, type Replicas, refreshMethod, startReplicas, turns } from "../../support/tokens.ts";

type Act = "issue" | "refresh" | "present" | "revoke" | "backup" | "restore" | "reload" | "lose-an-answer";

interface Step {
  readonly act: Act;
  readonly at: "a" | "b";
  /** Chooses the sandbox, and how old a token is used. */
  readonly pick: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.oneof(
    { arbitrary: fc.constantFrom<Act>("refresh", "present"), weight: 5 },
    {
      arbitrary: fc.constantFrom<Act>("issue", "revoke", "backup", "restore", "reload", "lose-an-answer"),
      weight: 4,
    },
  ),
  at: fc.constantFrom("a", "b"),
  pick: fc.nat({ max: 7 }),
});

const familyOf = (token: Secret) => String(partsOf(token).payload["jti"]).split(".")[0] as FamilyId;

/** Two replicas, two sandboxes, all tokens that they ever got, and all families that anybody knows to be revoked. */
class World {
  readonly #replicas: Replicas;
  readonly revoked = new Set<FamilyId>();
  readonly tokens: Secret[] = [];
  readonly sandboxes: SandboxId[] = [];
  #backup: ReturnType<Replicas["store"]["backup"]>;

  constructor(replicas: Replicas) {
    this.#replicas = replicas;
    this.#backup = replicas.store.backup();
    for (const { tokens } of [replicas.a, replicas.b]) tokens.onRevoked(({ familyId }) => this.revoked.add(familyId));
  }

  async act({ act, at, pick }: Step): Promise<void> {
    const { store } = this.#replicas;
    const replica = this.#replicas[at];
    const sandboxId = this.sandboxes[pick % 2]!;
    const token = this.tokens.at(-1 - pick);
    switch (act) {
      case "issue":
        return void this.tokens.push((await replica.tokens.issue(sandboxId, "started")).token);
      case "refresh":
        return void (token && this.tokens.push((await replica.refresh(token)).token));
      case "present":
        return void (token && (await replica.present(token)));
      case "revoke":
        return void (await replica.tokens.revokeSandbox(sandboxId, "operator"));
      case "backup":
        this.#backup = store.backup();
        return;
      case "restore":
        return store.restore(this.#backup);
      case "reload":
        return replica.tokens.follower.reload();
      case "lose-an-answer":
        store.mute.add("rotate");
        await turns();
        store.mute.clear();
    }
  }
}

/** Refusals are what the steps may come to; anything else is a fault. */
const orRefused = (work: Promise<void>) =>
  work.catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error;
  });

test("whatever two replicas do while older stores are restored under them, nothing revoked lives and nobody is stranded", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 10 }), async (rounds) => {
      await using replicas = await startReplicas();
      const { a, b, store, clock } = replicas;
      const world = new World(replicas);
      for (const replica of [a, b]) {
        const { sandboxId, token } = await replica.issued();
        world.sandboxes.push(sandboxId);
        world.tokens.push(token);
      }
      for (const round of rounds) {
        await Promise.all(round.map((one) => orRefused(world.act(one))));
        await clock.advance(1_000);
      }
      store.mute.clear();
      for (const { tokens } of [a, b, a, b]) await tokens.follower.reload();

      for (const replica of [a, b]) {
        for (const token of world.tokens.filter((one) => world.revoked.has(familyOf(one)))) {
          for (const method of [undefined, refreshMethod]) {
            expect(await replica.present(token, method)).toMatchObject({ ok: false });
          }
        }
      }
      for (const sandboxId of world.sandboxes) {
        expect(await store.ofSandbox(sandboxId), "live families").toHaveLength(
          (await a.tokens.currentToken(sandboxId)) ? 1 : 0,
        );
        for (const replica of [a, b, a]) {
          const current =
            (await replica.tokens.currentToken(sandboxId)) ?? (await replica.tokens.issue(sandboxId, "started")).token;
          const { token: successor } = await replica.refresh(current);
          expect(await replica.present(successor)).toMatchObject({ ok: true });
          for (const { tokens } of [a, b]) await tokens.follower.reload();
        }
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);
