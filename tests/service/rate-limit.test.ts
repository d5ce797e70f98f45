import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { refusalOf } from "./sandbox-life.ts";

const asSandbox = (gateway: TestGateway, token: string) => gateway.client(token, gateway.sandboxesUrl);

test("A-45: a thousand refreshes of one token give one successor, and what is beyond the limit is told when to come back", async () => {
  await using gateway = await startTestGateway();
  const { id, token } = await gateway.createSandbox();
  const client = asSandbox(gateway, await token());
  const outcomes = await Promise.allSettled(Array.from({ length: 1_000 }, () => client.refreshSandboxToken({})));

  const answers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.token] : []));
  expect(new Set(answers).size).toBe(1);
  const errors = outcomes.flatMap((outcome) =>
    outcome.status === "rejected" ? [ConnectError.from(outcome.reason)] : [],
  );
  for (const error of errors) expect(Code[error.code]).toBe("ResourceExhausted");
  expect(await asSandbox(gateway, answers[0]!).getSandboxConfig({ sandboxId: id })).toBeDefined();
  expect(gateway.audited().filter(({ event }) => event === "token.refreshed")).toHaveLength(1);
  expect(gateway.audited().filter(({ event }) => event === "token.reused")).toEqual([]);
});

test("A-45: the wire says RESOURCE_EXHAUSTED with RetryInfo, and who waits that long is answered", async () => {
  await using gateway = await startTestGateway({ settings: { tokens: { refreshBurst: 2, refreshPerMinute: 120 } } });
  const { token } = await gateway.createSandbox();
  const client = asSandbox(gateway, await token());
  let refusal: ConnectError | undefined;
  for (let time = 0; time < 50 && !refusal; time += 1) {
    await client.refreshSandboxToken({}).catch((thrown: unknown) => {
      refusal = ConnectError.from(thrown);
    });
  }
  expect(refusal).toMatchObject({ code: Code.ResourceExhausted, rawMessage: "too many requests, try again later" });
  expect(refusal?.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "RATE_LIMITED", domain: "openshell" }]);
  const [{ retryDelay } = {}] = refusal?.findDetails(RetryInfoSchema) ?? [];
  const waitMs = Number(retryDelay?.seconds) * 1_000 + Number(retryDelay?.nanos) / 1e6;
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(500);
  const told = performance.now();
  await expect
    .poll(
      () =>
        client.refreshSandboxToken({}).then(
          () => true,
          () => false,
        ),
      { interval: 20, timeout: 10_000 },
    )
    .toBe(true);
  expect(performance.now() - told).toBeLessThan(waitMs + 1_000);
});

test("A-45: one sandbox that storms is refused, and no other is, nor waits for it", async () => {
  await using gateway = await startTestGateway();
  const noisy = asSandbox(gateway, await (await gateway.createSandbox()).token());
  const others = await Promise.all(Array.from({ length: 10 }, () => gateway.createSandbox()));

  const storm = new AbortController();
  let refused = 0;
  const storming = Array.from({ length: 20 }, async () => {
    while (!storm.signal.aborted) {
      await noisy.refreshSandboxToken({}).catch((thrown: unknown) => {
        if (ConnectError.from(thrown).code !== Code.ResourceExhausted) throw thrown;
        refused += 1;
      });
    }
  });
  await expect.poll(() => refused, { timeout: 15_000 }).toBeGreaterThan(100);
  for (const other of others) {
    let token = await other.token();
    for (let turn = 0; turn < 5; turn += 1) ({ token } = await asSandbox(gateway, token).refreshSandboxToken({}));
    expect(await asSandbox(gateway, token).getSandboxConfig({ sandboxId: other.id })).toBeDefined();
  }
  storm.abort();
  await Promise.all(storming);
});

test("A-45: the limit is the family's: neither a new token of it nor another connection begins it anew", async () => {
  await using gateway = await startTestGateway({ settings: { tokens: { refreshBurst: 3, refreshPerMinute: 1 } } });
  let token = await (await gateway.createSandbox()).token();
  for (let turn = 0; turn < 3; turn += 1) ({ token } = await asSandbox(gateway, token).refreshSandboxToken({}));
  expect(await refusalOf(asSandbox(gateway, token).refreshSandboxToken({}))).toMatchObject({
    code: "ResourceExhausted",
  });
  expect(await refusalOf(gateway.client(token).refreshSandboxToken({}))).toMatchObject({ code: "ResourceExhausted" });
});
