import { ask, type Client, createCaller, type Said } from "./caller.ts";
import { expire, forgeFor } from "./forge.ts";
import { type AuditRecord, type GatewayProcess, startGatewayProcess } from "./gateway-process.ts";
import { createReport, type Report } from "./report.ts";
import { createSandbox, type DemoSandbox, isAlive } from "./sandboxes.ts";

export interface DemoOptions {
  /** The Node.js program that runs the gateway. */
  readonly node: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
}

/** Runs the demonstration; resolves to 0 where each step was as it must be, else to 1. */
export async function runDemo({ node, environment, print }: DemoOptions): Promise<number> {
  const report = createReport(print);
  try {
    await using gateway = await startGatewayProcess(node, environment);
    using caller = createCaller(gateway.endpoint);
    const user = caller.client();
    print(`A gateway on ${gateway.endpoint}, embedded SQLite, process driver; two sandboxes through the public API:`);
    const [a, b] = await Promise.all(["a", "b"].map((name) => createSandbox(user, gateway.stateDir, name)));
    if (!a || !b) throw new Error("two sandboxes are needed");
    for (const { name, id } of [a, b]) print(`  ${name.toUpperCase()}  ${id}  its supervisor said hello over gRPC`);

    await ownSandboxOnly(report, gateway, caller.client(await a.token()), a, b);
    await wrongCallers(report, gateway, caller.client, user, a, b);
    await refreshed(report, caller.client, a);
    await deleted(report, caller.client, user, a);
    return report.close() ? 0 : 1;
  } catch (failed) {
    print(`\nThe demonstration could not go on: ${failed instanceof Error ? failed.message : String(failed)}`);
    return 1;
  }
}

const config = (client: Client, sandboxId: string) =>
  ask(
    client.getSandboxConfig({ sandboxId }),
    (answer) => `version=${answer.version} hash=${answer.policyHash.slice(0, 12) || "-"}`,
  );

const same = (one: Said, other: Said) => one.status === other.status && one.text === other.text;

async function ownSandboxOnly(report: Report, gateway: GatewayProcess, asA: Client, a: DemoSandbox, b: DemoSandbox) {
  report.heading("What A's identity reaches");
  report.step("A reads its own configuration", await config(asA, a.id), "OK");
  const others = await config(asA, b.id);
  report.step("A asks for B's", others, "PermissionDenied");
  const namesBoth = (record: AuditRecord) => record["sandboxId"] === a.id && record["requested"] === b.id;
  const record = await gateway.audited(namesBoth, 2_000);
  const line = record ? `${record["event"]} by ${record["principal"]} asking for ${record["requested"]}` : "nothing";
  report.step(
    "  and the audit log has a line that names both",
    { status: record ? "audit" : "missing", text: line },
    "audit",
  );
  const missing = await config(asA, crypto.randomUUID());
  report.step("A asks for a sandbox that does not exist: the same answer", missing, (said) => same(said, others));
}

async function wrongCallers(
  report: Report,
  gateway: GatewayProcess,
  clientOf: (token?: string) => Client,
  user: Client,
  a: DemoSandbox,
  b: DemoSandbox,
) {
  report.heading("Who is refused");
  const token = await a.token();
  const reportLoaded = (client: Client) =>
    ask(client.reportPolicyStatus({ sandboxId: a.id, version: 1 }), () => "accepted");
  const foreign = await fetch(`${gateway.endpoint}/openshell.v1.OpenShell/GetSandboxConfig`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: "http://evil.example" },
    body: JSON.stringify({ sandboxId: a.id }),
  });
  const { code = "", message = "" } = (await foreign.json()) as { code?: string; message?: string };
  using sandboxesOnly = createCaller(await a.endpoint());
  report.step("no token, where sandboxes call", await config(sandboxesOnly.client(), a.id), "Unauthenticated");
  report.step("no token, from a page of another origin", { status: code, text: message }, "unauthenticated");
  report.step("the development user on a sandbox method", await reportLoaded(user), "Unauthenticated");
  report.step(
    "a sandbox on a user method",
    await ask(clientOf(token).listSandboxes({}), () => "listed"),
    "PermissionDenied",
  );
  report.step(
    "a forged token that says it is B",
    await config(clientOf(forgeFor(b.id, token)), b.id),
    "Unauthenticated",
  );
  report.step(
    "an expired token",
    await config(clientOf(await expire(token, gateway.stateDir)), a.id),
    "Unauthenticated",
  );
}

async function refreshed(report: Report, clientOf: (token?: string) => Client, a: DemoSandbox) {
  report.heading("Refresh takes the old token's right away");
  const old = await a.token();
  let fresh = "";
  const answer = await ask(clientOf(old).refreshSandboxToken({}), ({ token, expiresAtMs }) => {
    fresh = token;
    return `a new token, good until ${new Date(Number(expiresAtMs)).toISOString()}`;
  });
  report.step("A refreshes", answer, "OK");
  report.step("the new token", await config(clientOf(fresh), a.id), "OK");
  report.step("the old token", await config(clientOf(old), a.id), "Unauthenticated");
}

async function deleted(report: Report, clientOf: (token?: string) => Client, user: Client, a: DemoSandbox) {
  report.heading("Deletion ends it");
  const [newest, supervisor] = [await a.token(), await a.supervisor()];
  report.step(
    "A is deleted",
    await ask(user.deleteSandbox({ name: a.name }), ({ deleted }) => `deleted=${deleted}`),
    "OK",
  );
  report.step("its newest token", await config(clientOf(newest), a.id), "Unauthenticated");
  const deadline = Date.now() + 10_000;
  while ((await isAlive(supervisor)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  const alive = await isAlive(supervisor);
  report.step("its supervisor", { status: alive ? "running" : "ended", text: `process ${supervisor}` }, "ended");
}
