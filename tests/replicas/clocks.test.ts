import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describePostgres } from "../support/postgres.ts";
import { partsOf } from "../support/tokens.ts";
import { type Replicas, startReplicas, unlimited } from "./support/replicas.ts";
import { openSession, outcomeOf } from "./support/session.ts";
import { phaseAt, promptly } from "./support/watch.ts";

/** Clocks of replicas may differ by less than this, in milliseconds. */
const leewayMs = 5_000;
const hourMs = 3_600_000;
const patience = { timeout: 20_000 };

describePostgres("two gateways whose clocks differ", () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startReplicas({ tokens: unlimited, b: { skewMs: leewayMs - 1_000 } });
  });
  afterAll(() => replicas?.[Symbol.asyncDispose]());

  test("A-46: a chain of refreshes goes to and fro between clocks that differ by less than the leeway", async () => {
    const { a, b, both } = replicas;
    const sandbox = await replicas.createSandbox(a);
    let token = await sandbox.token();
    for (let time = 0; time < 10; time += 1) {
      const [here, elsewhere] = time % 2 === 0 ? [b, a] : [a, b];
      const old = token;
      ({ token } = await here.client(old).refreshSandboxToken({}));
      expect(await outcomeOf(elsewhere.client(token).getSandboxConfig({ sandboxId: sandbox.id }))).toBe("ok");
      const { iat, exp } = partsOf(token).payload as { iat: number; exp: number };
      expect(exp - iat).toBe(3_600);
    }
    for (const replica of both) expect(replica.audited("token.reused")).toEqual([]);
  });

  test("A-46: a session is held by the database's clock: a gateway whose own is an hour behind keeps its sessions", async () => {
    const { a, b } = replicas;
    await b.kill();
    await b.start({ skewMs: -hourMs });
    const sandbox = await replicas.createSandbox(b);
    const session = await openSession(b, sandbox);
    onTestFinished(() => session[Symbol.dispose]());
    await promptly(() => phaseAt(a, sandbox), "READY");
    const before = await renewals(replicas);
    await expect
      .poll(() => renewals(replicas), patience)
      .toSatisfy((now: number[]) => now.every((at, i) => at > (before[i] ?? 0)));
    expect([session.state(), await phaseAt(a, sandbox)]).toEqual(["open", "READY"]);
  });

  test("A-46: a token from an hour ahead is refused by the one that is behind, and that ends nothing", async () => {
    const { a, b } = replicas;
    const sandbox = await replicas.createSandbox(a);
    const token = await sandbox.token();
    expect(await outcomeOf(b.client(token).getSandboxConfig({ sandboxId: sandbox.id }))).toBe("Unauthenticated");
    expect(await outcomeOf(b.client(token).refreshSandboxToken({}))).toBe("Unauthenticated");
    const { token: next } = await a.client(token).refreshSandboxToken({});
    await b.kill();
    await b.start({ skewMs: 0 });
    expect(await outcomeOf(b.client(next).getSandboxConfig({ sandboxId: sandbox.id }))).toBe("ok");
    expect(b.audited("token.reused")).toEqual([]);
  });
});

/** When each gateway renewed its lease for the last time, by the database's clock. */
async function renewals({ database }: Replicas): Promise<number[]> {
  const rows = await database.query<{ renewed_at: number }>("select renewed_at from replicas order by name");
  return rows.map((row) => row.renewed_at);
}
