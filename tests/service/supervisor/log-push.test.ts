import { writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import type { SandboxLogLine } from "../../../gen/openshell/v1/logs_pb.ts";
import { madeToken } from "./made-token.ts";
import { RunningSupervisor } from "./running-supervisor.ts";
import { sandboxId } from "./sandbox-id.ts";
import { refusedFor, TestGateway } from "./test-gateway.ts";
import { until } from "./until.ts";

/** A gateway that keeps the lines; the first `failures` messages break their streams. */
async function keeping({ failures = 0 } = {}) {
  const lines: SandboxLogLine[] = [];
  const sizes: number[] = [];
  let left = failures;
  const gateway = await TestGateway.start({
    async pushSandboxLogs(batches) {
      for await (const batch of batches) {
        expect(batch.sandboxId).toBe(sandboxId);
        left -= 1;
        if (left >= 0) throw new ConnectError("out of order", Code.Unavailable);
        sizes.push(batch.logs.length);
        lines.push(...batch.logs);
      }
      return {};
    },
  });
  return { gateway, lines, sizes };
}

const script = (text: string) => ["--", "sh", "-c", text];
const ofProcess = (lines: SandboxLogLine[]) => lines.filter(({ target }) => target === "process");

test("the command's lines and the supervisor's own reach the gateway, the last ones too", async () => {
  const { gateway, lines } = await keeping();
  await using _ = gateway;
  const argv = script("echo out; echo err >&2; exit 3");
  const running = new RunningSupervisor({ endpoint: gateway.url, argv });
  expect(await running.exit).toBe(3);
  const said = ofProcess(lines).map(({ message, fields, level }) => [message, fields["stream"], level]);
  expect(said.sort()).toEqual([
    ["err", "stderr", "INFO"],
    ["out", "stdout", "INFO"],
  ]);
  expect(lines.every((line) => line.source === "sandbox" && line.sandboxId === sandboxId)).toBe(true);
  expect(lines.map(({ message }) => message)).toContain("the supervisor starts");
  expect(lines.map(({ message }) => message)).toContain("the supervisor ends");
  expect(lines.every(({ level }) => level !== "TRACE" && level !== "DEBUG")).toBe(true);
});

test("many lines travel in batches of fifty", async () => {
  const { gateway, lines, sizes } = await keeping();
  await using _ = gateway;
  const running = new RunningSupervisor({ endpoint: gateway.url, argv: script("seq 1 300; sleep 1") });
  await until(() => ofProcess(lines).length === 300);
  expect(Math.max(...sizes)).toBe(50);
  expect(ofProcess(lines).map(({ message }) => Number(message))).toEqual(
    Array.from({ length: 300 }, (_, at) => at + 1),
  );
  await running.stop();
});

test("the push level holds back the supervisor's own lines, and never the command's", async () => {
  const { gateway, lines } = await keeping();
  await using _ = gateway;
  const environment = { OPENSHELL_LOG_PUSH_LEVEL: "off" };
  await new RunningSupervisor({ endpoint: gateway.url, environment, argv: script("echo out") }).exit;
  expect(lines.map(({ message }) => message)).toEqual(["out"]);
});

test("a stream that breaks loses no line that it was just given", async () => {
  const { gateway, lines } = await keeping({ failures: 2 });
  await using _ = gateway;
  await using __ = new RunningSupervisor({ endpoint: gateway.url, argv: script("echo first; sleep 60") });
  await until(() => ofProcess(lines).length > 0 && lines.some(({ message }) => message === "the supervisor starts"));
  expect(gateway.count("PushSandboxLogs")).toBe(3);
});

test("log push outlives a refused token when another one comes", async () => {
  const { gateway, lines } = await keeping();
  await using _ = gateway;
  const directory = await mkdtemp(join(tmpdir(), "log-push-"));
  const [first, second] = [madeToken(), madeToken()];
  const file = join(directory, "sandbox.jwt");
  await writeFile(file, first, { mode: 0o600 });
  gateway.authenticate = ({ method, token }) => {
    if (method === "RefreshSandboxToken" || (method === "PushSandboxLogs" && token === first)) {
      writeFileSync(file, second);
      throw refusedFor("TOKEN_REVOKED");
    }
  };
  const environment = { OPENSHELL_SANDBOX_TOKEN_FILE: file };
  await using running = new RunningSupervisor({ endpoint: gateway.url, environment });
  await until(() => lines.some(({ message }) => message === "the supervisor starts"));
  const pushes = gateway.calls.filter(({ method }) => method === "PushSandboxLogs");
  expect(pushes.map(({ token }) => token)).toEqual([first, second]);
  expect(running.stderr).not.toContain("the supervisor ends");
  await rm(directory, { recursive: true });
});

test("T7: no byte of a token is in any line, at every level", async () => {
  const [first, second] = [madeToken({ lifeMs: 1500 }), madeToken()];
  const lines: string[] = [];
  await using gateway = await TestGateway.start({
    refreshSandboxToken: () => ({ token: second }),
    async pushSandboxLogs(batches) {
      for await (const { logs } of batches) {
        for (const { message, fields } of logs) lines.push(JSON.stringify([message, fields]));
      }
      return {};
    },
  });
  const environment = { OPENSHELL_SANDBOX_TOKEN: first, OPENSHELL_LOG_PUSH_LEVEL: "trace" };
  const running = new RunningSupervisor({ endpoint: gateway.url, environment });
  await until(() => gateway.count("RefreshSandboxToken") > 0 && lines.length > 3);
  gateway.authenticate = () => {
    throw refusedFor("TOKEN_REVOKED");
  };
  gateway.breakConnections();
  expect(await running.exit).toBe(1);
  const all = running.stderr + lines.join("\n");
  for (const token of [first, second]) {
    for (const part of token.split(".").slice(1)) expect(all).not.toContain(part.slice(0, 24));
  }
});
