import fc from "fast-check";
import { expect, test } from "vitest";
import { newSandboxId } from "../../../src/core/ids.ts";
import type { Secret } from "../../../src/core/secret.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryFamilyStore } from "../../support/memory-family-store.ts";
import { type Gateway, newKey, startTokens } from "../../support/tokens.ts";

const acts = [
  "call",
  "refresh",
  "lose-answer",
  "store-down",
  "store-mute",
  "restart",
  "wait",
  "twice",
  "restart-supervisor",
] as const;
const key = newKey();

/** A supervisor that keeps the rules, and a world that does not. */
async function live(steps: readonly (typeof acts)[number][]): Promise<void> {
  const [store, clock, sandboxId] = [new MemoryFamilyStore(), new FakeClock(), newSandboxId()];
  let file: Secret | undefined;
  const deliver = async (_id: unknown, token: Secret) => {
    file = token;
  };
  const start = () => startTokens({ store, clock, key, deliver });
  let gateway: Gateway = await start();
  const reused = () => gateway.audited.filter(({ event }) => event === "token.reused");
  file = (await gateway.tokens.issue(sandboxId, "created")).token;
  let slot = file;

  async function refresh(): Promise<void> {
    slot = (await gateway.refresh(slot)).token;
  }
  for (const step of steps) {
    switch (step) {
      case "call": {
        const verdict = await gateway.present(slot);
        if (!verdict.ok) {
          expect(verdict.reason).toBe("token-superseded");
          await refresh();
        }
        break;
      }
      case "refresh":
        await refresh();
        break;
      case "twice":
        slot = (await Promise.all([gateway.refresh(slot), gateway.refresh(slot)]))[1].token;
        break;
      case "lose-answer":
        await gateway.refresh(slot);
        break;
      case "store-down":
      case "store-mute": {
        const broken = step === "store-down" ? store.down : store.mute;
        broken.add("rotate").add("markPresented");
        await expect(
          gateway.refresh(slot).then(
            () => "answered",
            ({ code }) => code,
          ),
        ).resolves.toMatch(/^answered$|^unavailable$/);
        broken.clear();
        break;
      }
      case "restart":
        expect(reused()).toEqual([]);
        await gateway[Symbol.asyncDispose]();
        gateway = await start();
        break;
      case "restart-supervisor":
        slot = file;
        break;
      case "wait":
        await clock.advance(45_000);
        break;
    }
  }
  await refresh();
  expect(await gateway.present(slot)).toMatchObject({ ok: true });
  expect(reused()).toEqual([]);
  expect(await store.ofSandbox(sandboxId)).toHaveLength(1);
  await gateway[Symbol.asyncDispose]();
}

test("whatever gets lost, crashes or comes twice, a supervisor that keeps the rules can refresh and call, and no alarm is raised", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom(...acts), { maxLength: 30 }), live), { numRuns: 150 });
});
