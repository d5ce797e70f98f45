import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { madeToken } from "./made-token.ts";
import { RunningSupervisor } from "./running-supervisor.ts";
import { refusedFor, TestGateway } from "./test-gateway.ts";
import { until } from "./until.ts";

const family = "11111111-1111-4111-8111-111111111111";
let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "credential-"));
  file = join(directory, "sandbox.jwt");
});
afterEach(() => rm(directory, { recursive: true }));

async function deliver(token: string): Promise<void> {
  await writeFile(`${file}.new`, `${token}\n`, { mode: 0o400 });
  await rename(`${file}.new`, file);
}

const fromFile = (more: Record<string, string> = {}) => ({
  OPENSHELL_SANDBOX_TOKEN_FILE: file,
  OPENSHELL_POLICY_POLL_INTERVAL_SECS: "1",
  ...more,
});

test("P3: a short token is refreshed in time, and every call after it carries the successor", async () => {
  const made = [madeToken({ family, lifeMs: 2500 }), madeToken({ family, generation: 1 })];
  let current = 0;
  await using gateway = await TestGateway.start({
    refreshSandboxToken: () => {
      current = 1;
      return { token: made[1]! };
    },
  });
  gateway.authenticate = ({ token }) => {
    if (token !== made[current]) throw refusedFor("TOKEN_SUPERSEDED");
  };
  await deliver(made[0]!);
  await using _ = new RunningSupervisor({ endpoint: gateway.url, environment: fromFile() });
  await until(() => gateway.count("RefreshSandboxToken") === 1);
  const before = gateway.count("GetSandboxConfig");
  await until(() => gateway.count("GetSandboxConfig") >= before + 2);
  const asked = gateway.calls.filter(({ method }) => method === "RefreshSandboxToken");
  expect(asked).toEqual([{ method: "RefreshSandboxToken", token: made[0], conflict: null }]);
  expect(gateway.calls.at(-1)?.token).toBe(made[1]);
});

test("T8: a call whose token is refused is made once more with the token that the file holds by then", async () => {
  const [old, delivered] = [madeToken(), madeToken()];
  let live = old;
  await using gateway = await TestGateway.start();
  gateway.authenticate = ({ token }) => {
    if (token !== live) throw refusedFor("TOKEN_REVOKED");
  };
  await deliver(old);
  await using running = new RunningSupervisor({ endpoint: gateway.url, environment: fromFile() });
  await until(() => gateway.count("ConnectSupervisor") === 1);
  await deliver(delivered);
  live = delivered;
  const seen = gateway.calls.length;
  await until(() => gateway.calls.slice(seen).some(({ token }) => token === delivered));
  const configs = gateway.calls.slice(seen).filter(({ method }) => method === "GetSandboxConfig");
  expect(configs.slice(0, 2).map(({ token }) => token)).toEqual([old, delivered]);
  expect(gateway.count("RefreshSandboxToken")).toBe(0);
  expect(running.stderr).not.toContain("the supervisor ends");
});

test("a token that somebody else refreshed is presented with the word conflict, and its successor family is taken", async () => {
  const [held, thiefs, delivered] = [madeToken({ family }), madeToken({ family, generation: 1 }), madeToken()];
  let stolen = false;
  let live = held;
  await using gateway = await TestGateway.start({
    refreshSandboxToken: async () => {
      await deliver(delivered);
      live = delivered;
      throw refusedFor("TOKEN_REVOKED");
    },
  });
  gateway.authenticate = ({ method, token }) => {
    if (token !== live && method !== "RefreshSandboxToken") throw refusedFor(stolen ? "TOKEN_SUPERSEDED" : "X");
  };
  await deliver(held);
  await using _ = new RunningSupervisor({ endpoint: gateway.url, environment: fromFile() });
  await until(() => gateway.count("ConnectSupervisor") === 1);
  await deliver(thiefs);
  stolen = true;
  live = thiefs;
  await until(() => gateway.calls.some(({ token }) => token === delivered));
  const asked = gateway.calls.filter(({ method }) => method === "RefreshSandboxToken");
  expect(asked).toEqual([{ method: "RefreshSandboxToken", token: held, conflict: "1" }]);
  expect(gateway.calls.some(({ token }) => token === thiefs)).toBe(false);
});

test("T5: a supervisor whose newest token is refused ends by itself", async () => {
  await using gateway = await TestGateway.start();
  let deleted = false;
  gateway.authenticate = () => {
    if (deleted) throw refusedFor("TOKEN_REVOKED");
  };
  await deliver(madeToken());
  const environment = { OPENSHELL_SANDBOX_TOKEN_FILE: file };
  const argv = ["--", "sleep", "60"];
  const running = new RunningSupervisor({ endpoint: gateway.url, environment, argv });
  await until(() => gateway.count("ConnectSupervisor") === 1 && running.stderr.includes("the main process runs"));
  deleted = true;
  gateway.breakConnections();
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain("the gateway refuses the sandbox's token, and there is no other");
  const pid = /"pid":(\d+)/.exec(running.stderr)?.[1];
  expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH");
});

test("a supervisor whose sandbox is gone ends by itself", async () => {
  await using gateway = await TestGateway.start();
  gateway.authenticate = ({ method }) => {
    if (method === "ConnectSupervisor") throw new ConnectError("sandbox not found", Code.NotFound);
  };
  const running = new RunningSupervisor({ endpoint: gateway.url });
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain("the sandbox is gone");
});

test("T8: a gateway that is unavailable ends no supervisor", async () => {
  await using gateway = await TestGateway.start();
  let down = false;
  gateway.authenticate = () => {
    if (down) throw new ConnectError("revocation state is not known, try again", Code.Unavailable);
  };
  await deliver(madeToken());
  await using running = new RunningSupervisor({
    endpoint: gateway.url,
    environment: fromFile(),
    timings: { graceMs: 100 },
  });
  await until(() => gateway.count("ConnectSupervisor") === 1);
  down = true;
  gateway.breakConnections();
  const seen = gateway.count("GetSandboxConfig");
  await until(() => gateway.count("GetSandboxConfig") >= seen + 2);
  down = false;
  const sessions = gateway.count("ConnectSupervisor");
  await until(() => gateway.count("ConnectSupervisor") > sessions);
  expect(running.stderr).not.toContain("the supervisor ends");
});

test("A-47: a token file that others may read ends the start, with its mode and no byte of it", async () => {
  const token = madeToken();
  await deliver(token);
  await chmod(file, 0o644);
  await using gateway = await TestGateway.start();
  const running = new RunningSupervisor({ endpoint: gateway.url, environment: fromFile() });
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain("has mode 0644; expected 0400 or 0600");
  expect(running.stderr).not.toContain(token.slice(40, 80));
  expect(gateway.count("GetSandboxConfig")).toBe(0);
});

test("P1, P2: a ServiceAccount token is exchanged once, however many calls need a token, and sent with no other", async () => {
  const [serviceAccount, issued] = [madeToken(), madeToken()];
  await deliver(serviceAccount);
  await using gateway = await TestGateway.start({ issueSandboxToken: () => ({ token: issued }) });
  const environment = { OPENSHELL_K8S_SA_TOKEN_FILE: file };
  await using _ = new RunningSupervisor({ endpoint: gateway.url, environment });
  await until(() => gateway.count("ConnectSupervisor") === 1 && gateway.count("PushSandboxLogs") === 1);
  const withAccount = gateway.calls.filter(({ token }) => token === serviceAccount);
  expect(withAccount.map(({ method }) => method)).toEqual(["IssueSandboxToken"]);
  expect(gateway.calls.filter(({ token }) => token === issued).length).toBe(gateway.calls.length - 1);
});

test("an exchange that is refused ends the start at once", async () => {
  await deliver(madeToken());
  await using gateway = await TestGateway.start({
    issueSandboxToken: () => {
      throw new ConnectError("pod is not bound to a sandbox identity", Code.PermissionDenied);
    },
  });
  const running = new RunningSupervisor({ endpoint: gateway.url, environment: { OPENSHELL_K8S_SA_TOKEN_FILE: file } });
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain("pod is not bound to a sandbox identity");
});

test("A-44: an exchange that failed for want of the API server is tried again, with the file as it is by then", async () => {
  const [first, second, issued] = [madeToken(), madeToken(), madeToken()];
  await deliver(first);
  let reviews = false;
  await using gateway = await TestGateway.start({
    issueSandboxToken: async () => {
      if (reviews) return { token: issued };
      reviews = true;
      await deliver(second);
      throw new ConnectError("the API server is not to be reached", Code.Unavailable);
    },
  });
  const environment = { OPENSHELL_K8S_SA_TOKEN_FILE: file };
  await using _ = new RunningSupervisor({ endpoint: gateway.url, environment });
  await until(() => gateway.count("ConnectSupervisor") === 1);
  const asked = gateway.calls.filter(({ method }) => method === "IssueSandboxToken");
  expect(asked.map(({ token }) => token)).toEqual([first, second]);
});
