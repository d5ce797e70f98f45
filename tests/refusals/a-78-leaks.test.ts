import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { as, clientOf, transports } from "../protocols/support/clients.ts";
import { type FixtureOptions, sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { config } from "../protocols/support/http2-client.ts";
import { post, raw } from "../protocols/support/raw-http1.ts";

const token = `eyJhbGciOiJFZERTQSJ9.${"c2VjcmV0".repeat(6)}.${"c2ln".repeat(20)}`;
const failing: FixtureOptions["handlers"] = {
  getSandboxConfig() {
    throw new Error(`could not use ${token}`, { cause: new TypeError(`inner ${token}`) });
  },
  async *watchSandbox() {
    yield { payload: { case: "warning", value: { message: "x" } } };
    throw new Error(`could not use ${token}`);
  },
};

describe.each(transports)("A-78: over %s", (_name, make) => {
  test("a failure says nothing of itself, and the log has it without the token", async () => {
    await using fixture = await startFrontDoor({ handlers: failing });
    const client = clientOf(make(fixture.url));
    const errors: unknown[] = [];
    await client.getSandboxConfig({ sandboxId }, as("sandbox")).catch((error) => errors.push(error));
    const events = client.watchSandbox({ id: sandboxId }, as("user"));
    await Array.fromAsync(events).catch((error) => errors.push(error));
    expect(errors).toHaveLength(2);
    for (const error of errors.map((each) => ConnectError.from(each))) {
      expect(error).toMatchObject({ rawMessage: "internal error", details: [] });
      expect([...error.metadata].join()).not.toMatch(/could not|inner|\.ts|Error:/);
    }
    const logged = fixture.lines.join("\n");
    expect(logged).toContain("could not use [token]");
    expect(logged).not.toContain("c2VjcmV0");
    expect(logged).toContain("openshell.v1.OpenShell/GetSandboxConfig");
  });
});

test("A-78: a route's failure says nothing of itself", async () => {
  await using fixture = await startFrontDoor({ metricsText: () => Promise.reject(new Error(`no ${token}`)) });
  const answer = await fetch(`${fixture.url}/metrics`);
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({ code: "internal", message: "internal error" });
  expect(fixture.lines.join()).not.toContain("c2VjcmV0");
});

test("A-78: what a caller sends is not echoed, and cannot end a log line", async () => {
  await using fixture = await startFrontDoor();
  const evil = "x\\r\\n2026-01-01 error forged <script>";
  const answer = await raw(
    fixture,
    post(config, `{"sandboxId":"${evil}"}`, "authorization: Bearer sandbox", "x-evil: <script>"),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).not.toContain("script");
  expect(answer).not.toContain("forged");
  expect(fixture.lines.join("\n")).not.toContain("forged");
});
