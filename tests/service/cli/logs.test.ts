import { expect, test } from "vitest";
import { newUser } from "./program.ts";
import { startSmallGateway } from "./small-gateway.ts";

test("following logs goes on until interrupted, and that is no failure", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  await user.run("sandbox", "create", "--name", "noisy", "--detach");
  const run = user.start("logs", "noisy", "--tail");
  await run.until("followed");
  run.child.kill("SIGINT");
  expect(await run.done).toEqual({
    code: 0,
    stdout: "2026-01-01T00:00:00.001Z INFO  sandbox supervisor: followed order=1\n",
    stderr: "",
  });
});

test("logs are asked for as the options say", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  await user.run("sandbox", "create", "--name", "noisy", "--detach");
  const before = Date.now();
  await user.run("logs", "noisy", "-n", "2", "--since", "1h", "--source", "sandbox", "--level", "warn");
  const { message } = gateway.seen.find(({ method }) => method === "GetSandboxLogs")!;
  expect(message).toMatchObject({ lines: 2, sources: ["sandbox"], minLevel: "warn", workspace: "default" });
  const { sinceMs } = message as { sinceMs: bigint };
  expect(Number(sinceMs)).toBeGreaterThanOrEqual(before - 3_600_000);
  expect(Number(sinceMs)).toBeLessThanOrEqual(Date.now() - 3_600_000);
});

test("what a sandbox logs cannot command the terminal", async () => {
  const message = "\u001b]0;owned\u0007\u001b[2Jharmless?\nforged line\u009b31m\u202e";
  const methods = { getSandboxLogs: () => ({ logs: [{ level: "INFO", message, source: "sandbox" }] }) };
  await using gateway = await startSmallGateway({ methods });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  await user.run("sandbox", "create", "--name", "evil", "--detach");
  expect((await user.run("logs", "evil")).stdout).toBe(
    "- INFO  sandbox \\u001b]0;owned\\u0007\\u001b[2Jharmless?\\nforged line\\u009b31m\\u202e\n",
  );
});
