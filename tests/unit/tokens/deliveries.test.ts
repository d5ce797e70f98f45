import { expect, test } from "vitest";
import { newSandboxId, type SandboxId } from "../../../src/core/ids.ts";
import type { Secret } from "../../../src/core/secret.ts";
import { startTokens } from "../../support/tokens.ts";

/** A driver whose deliveries the test lets through one by one, or lets fail. */
function manualDriver() {
  const waiting: { token: Secret; resolve: () => void; reject: (error: Error) => void }[] = [];
  const files = new Map<SandboxId, Secret>();
  const deliver = (sandboxId: SandboxId, token: Secret) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({
        token,
        resolve: () => {
          files.set(sandboxId, token);
          resolve();
        },
        reject,
      });
    });
  return { waiting, files, deliver };
}

const turn = async () => {
  for (let at = 0; at < 10; at += 1) await new Promise(setImmediate);
};

test("a failed delivery does not fail the refresh, and is tried again until it works", async () => {
  let isFull = true;
  let tries = 0;
  let file: Secret | undefined;
  await using gateway = await startTokens({
    deliver: async (_id, token) => {
      tries += 1;
      if (isFull) throw new Error("disk full");
      file = token;
    },
  });
  const { token } = await gateway.issued();
  const { token: successor } = await gateway.refresh(token);
  expect(await gateway.present(successor)).toMatchObject({ ok: true });
  expect(tries).toBe(1);
  await gateway.clock.advance(1_000);
  await gateway.clock.advance(2_000);
  expect(tries).toBe(3);
  isFull = false;
  await gateway.clock.advance(4_000);
  expect(file?.reveal()).toBe(successor.reveal());
  await gateway.clock.advance(600_000);
  expect(tries).toBe(4);
});

test("a delivery is not tried again once another token took its token's place", async () => {
  let isFull = true;
  const delivered: string[] = [];
  await using gateway = await startTokens({
    deliver: async (_id, token) => {
      if (isFull) throw new Error("disk full");
      delivered.push(token.reveal());
    },
  });
  const { token } = await gateway.issued();
  const { token: second } = await gateway.refresh(token);
  isFull = false;
  const { token: third } = await gateway.refresh(second);
  await gateway.clock.advance(600_000);
  expect(delivered).toEqual([third.reveal()]);
});

test("a delivery is not tried again once the same token was delivered for a retried refresh", async () => {
  let tries = 0;
  await using gateway = await startTokens({
    deliver: async () => {
      tries += 1;
      if (tries === 1) throw new Error("disk full");
    },
  });
  const { token } = await gateway.issued();
  await gateway.refresh(token);
  await gateway.refresh(token);
  await gateway.clock.advance(600_000);
  expect(tries).toBe(2);
});

test("what waits for its turn and is not current any more then is not delivered over what is", async () => {
  const driver = manualDriver();
  await using gateway = await startTokens({ deliver: driver.deliver });
  const { token, sandboxId } = await gateway.issued();
  const first = gateway.tokens.deliver(sandboxId);
  await turn();
  const refreshing = gateway.refresh(token);
  await turn();
  const { token: renewed } = await gateway.tokens.issue(sandboxId, "renewed");
  const last = gateway.tokens.deliver(sandboxId);
  await turn();
  expect(driver.waiting).toHaveLength(1);
  driver.waiting[0]!.resolve();
  await turn();
  expect(driver.waiting.map((delivery) => delivery.token.reveal())).toEqual([token.reveal(), renewed.reveal()]);
  driver.waiting[1]!.resolve();
  await Promise.all([first, refreshing, last]);
  expect(driver.files.get(sandboxId)?.reveal()).toBe(renewed.reveal());
});

test("a delivery that takes long does not hold the answer for ever", async () => {
  const driver = manualDriver();
  await using gateway = await startTokens({ deliver: driver.deliver });
  const { token, sandboxId } = await gateway.issued();
  const refreshing = gateway.refresh(token);
  await turn();
  await gateway.clock.advance(5_000);
  const { token: successor } = await refreshing;
  driver.waiting[0]!.resolve();
  await turn();
  expect(driver.files.get(sandboxId)?.reveal()).toBe(successor.reveal());
});

test("one sandbox's slow delivery does not hold another's", async () => {
  const driver = manualDriver();
  await using gateway = await startTokens({ deliver: driver.deliver });
  const [a, b] = [await gateway.issued(), await gateway.issued()];
  const slow = gateway.refresh(a.token);
  await turn();
  const fast = gateway.refresh(b.token);
  await turn();
  driver.waiting[1]!.resolve();
  await fast;
  driver.waiting[0]!.resolve();
  await slow;
});

test("a delivery that was asked for outright says that it failed, and that there is nothing to deliver", async () => {
  await using gateway = await startTokens({ deliver: () => Promise.reject(new Error("disk full")) });
  const { sandboxId } = await gateway.issued();
  await expect(gateway.tokens.deliver(sandboxId)).rejects.toThrow("disk full");
  expect(await gateway.tokens.deliver(newSandboxId())).toBe(false);
});

test("a gateway that ends leaves no retry behind", async () => {
  const gateway = await startTokens({ deliver: () => Promise.reject(new Error("disk full")) });
  const { token } = await gateway.issued();
  await gateway.refresh(token);
  await gateway[Symbol.asyncDispose]();
  expect(gateway.clock.waiting).toBe(0);
});

test("a delivery that fails after the gateway ended is not tried again", async () => {
  const driver = manualDriver();
  const gateway = await startTokens({ deliver: driver.deliver });
  const { token } = await gateway.issued();
  const refreshing = gateway.refresh(token);
  await turn();
  await gateway[Symbol.asyncDispose]();
  driver.waiting[0]!.reject(new Error("disk full"));
  await refreshing;
  expect(gateway.clock.waiting).toBe(0);
});
