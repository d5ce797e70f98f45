import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";

const run = promisify(execFile);

/** The real curl where there is one, else what Node.js has; what it prints, with the status on a line behind. */
const ask = hasCurl() ? curl : viaFetch;

function hasCurl(): boolean {
  try {
    execFileSync("curl", ["--version"]);
    return true;
  } catch {
    process.stderr.write("curl is not installed: its calls are made with fetch\n");
    return false;
  }
}

async function curl(url: string, body: string, headers: string[]): Promise<string> {
  const lines = headers.flatMap((header) => ["-H", header]);
  const { stdout } = await run("curl", ["-sS", "-w", "\n%{http_code}", "-d", body, ...lines, url]);
  return stdout;
}

async function viaFetch(url: string, body: string, headers: string[]): Promise<string> {
  const lines = headers.map((header) => header.split(": ", 2) as [string, string]);
  const answer = await fetch(url, { method: "POST", body, headers: lines });
  return `${await answer.text()}\n${answer.status}`;
}

let gateway: TestGateway;
let box: TestSandbox;
beforeAll(async () => {
  gateway = await startTestGateway();
  box = await gateway.createSandbox("box");
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function call(base: string, method: string, message: object, token?: string) {
  const headers = ["content-type: application/json", ...(token ? [`authorization: Bearer ${token}`] : [])];
  const text = await ask(`${base}/openshell.v1.OpenShell/${method}`, JSON.stringify(message), headers);
  const at = text.lastIndexOf("\n");
  return { status: Number(text.slice(at + 1)), answer: JSON.parse(text.slice(0, at)) as unknown };
}

test("Health answers a JSON POST without more", async () => {
  expect(await call(gateway.url, "Health", {})).toEqual({
    status: 200,
    answer: { status: "SERVICE_STATUS_HEALTHY", version: "0.0.0-test" },
  });
});

test("GetSandboxConfig answers the sandbox's token", async () => {
  expect(await call(gateway.sandboxesUrl, "GetSandboxConfig", { sandboxId: box.id }, await box.token())).toMatchObject({
    status: 200,
    answer: { workspace: "default", policySource: "POLICY_SOURCE_SANDBOX" },
  });
});

test("GetSandboxConfig takes the proto's own spelling too", async () => {
  const { status } = await call(gateway.url, "GetSandboxConfig", { sandbox_id: box.id }, await box.token());
  expect(status).toBe(200);
});

test("without a token it is 401, with another sandbox's id 403, with nonsense 400, with no such method 404", async () => {
  const token = await box.token();
  const url = gateway.sandboxesUrl;
  expect(await call(url, "GetSandboxConfig", { sandboxId: box.id })).toEqual({
    status: 401,
    answer: { code: "unauthenticated", message: "missing authorization header" },
  });
  expect(await call(url, "GetSandboxConfig", { sandboxId: crypto.randomUUID() }, token)).toEqual({
    status: 403,
    answer: {
      code: "permission_denied",
      message: "cross-sandbox access denied: principal does not own this sandbox",
    },
  });
  expect(await call(url, "GetSandboxConfig", { sandboxId: 7 }, token)).toMatchObject({
    status: 400,
    answer: { code: "invalid_argument" },
  });
  expect(await call(url, "NoSuchMethod", {}, token)).toMatchObject({ status: 404, answer: { code: "unimplemented" } });
});
