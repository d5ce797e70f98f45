import { inspect } from "node:util";
import { expect, test } from "vitest";
import { readConfig } from "../../../src/supervisor/read-config.ts";
import { madeToken } from "../../service/supervisor/made-token.ts";
import { sandboxId } from "../../service/supervisor/sandbox-id.ts";

const token = madeToken();
const least = {
  OPENSHELL_ENDPOINT: "http://127.0.0.1:17670",
  OPENSHELL_SANDBOX_ID: sandboxId,
  OPENSHELL_SANDBOX_TOKEN: token,
};
const read = (environment: Record<string, string> = {}, argv: string[] = []) =>
  readConfig(argv, { ...least, ...environment }, "/here");
const spec = (value: unknown) => ({ OPENSHELL_MAIN_PROCESS_SPEC: JSON.stringify(value) });

test("an endpoint, an id and a token are enough", () => {
  expect(read()).toMatchObject({
    connection: { endpoint: "http://127.0.0.1:17670", tls: { ca: undefined, client: undefined } },
    sandboxId,
    tokenSource: { kind: "environment" },
    logLevel: "warn",
    logPushLevel: "info",
    mainProcess: undefined,
    workdir: "/here",
    timeoutMs: undefined,
    pollIntervalMs: 10_000,
  });
});

test("T7: a configuration does not show its token", () => {
  expect(inspect(read(), { depth: 9 }) + JSON.stringify(read())).not.toContain(token.slice(0, 30));
});

test("P1: the token wins over its file, and the file over a ServiceAccount", () => {
  const [file, account] = [{ OPENSHELL_SANDBOX_TOKEN_FILE: "/f" }, { OPENSHELL_K8S_SA_TOKEN_FILE: "/k" }];
  const none = { OPENSHELL_SANDBOX_TOKEN: "" };
  expect(read({ ...file, ...account }).tokenSource.kind).toBe("environment");
  expect(read({ ...none, ...file, ...account }).tokenSource).toEqual({ kind: "file", path: "/f" });
  expect(read({ ...none, ...account }).tokenSource).toEqual({ kind: "kubernetes", path: "/k" });
});

test("flags win over the environment", () => {
  const other = "00000000-0000-4000-8000-000000000000";
  const argv = ["--sandbox-id", other, "--openshell-endpoint=https://gw:1", "--sandbox", "box", "--log-level", "DEBUG"];
  expect(read({}, [...argv, "--workdir", "/w", "--timeout", "5"])).toMatchObject({
    sandboxId: other,
    connection: { endpoint: "https://gw:1" },
    sandboxName: "box",
    logLevel: "debug",
    workdir: "/w",
    timeoutMs: 5000,
  });
});

test("what stands after -- is the command, flags and all, and wins over the variable", () => {
  const { mainProcess } = read(spec({ version: 1, command: ["other"] }), ["--", "sh", "-c", "--help", "--"]);
  expect(mainProcess).toEqual({ command: ["sh", "-c", "--help", "--"], tty: false });
});

test("a command in the variable may be plain JSON or base64url", () => {
  const plain = JSON.stringify({ version: 1, command: ["echo", "a b"], tty: true });
  const encoded = `base64url:${Buffer.from(plain).toString("base64url")}`;
  for (const text of [plain, encoded]) {
    expect(read({ OPENSHELL_MAIN_PROCESS_SPEC: text }).mainProcess).toEqual({ command: ["echo", "a b"], tty: true });
  }
});

test("an empty command is none", () => {
  expect(read(spec({ version: 1, command: [] })).mainProcess).toBeUndefined();
});

test("blank variables count as unset", () => {
  const blank = {
    OPENSHELL_SANDBOX_UID: "",
    OPENSHELL_LOG_LEVEL: "",
    OPENSHELL_TLS_CERT: "",
    OPENSHELL_USER_ENVIRONMENT: "",
  };
  expect(read(blank)).toMatchObject({ uid: undefined, logLevel: "warn", userEnvironment: {} });
});

test.each([
  ["OPENSHELL_ENDPOINT", "127.0.0.1:17670"],
  ["OPENSHELL_ENDPOINT", "ftp://gateway"],
  ["OPENSHELL_ENDPOINT", "http://user:secret@gateway"],
  ["OPENSHELL_ENDPOINT", "http://gateway/path"],
  ["OPENSHELL_ENDPOINT", "http://gateway/?q"],
  ["OPENSHELL_SANDBOX_ID", "box"],
  ["OPENSHELL_SANDBOX_ID", sandboxId.toUpperCase()],
  ["OPENSHELL_SANDBOX_TOKEN", "not a token at all"],
  ["OPENSHELL_LOG_LEVEL", "loud"],
  ["OPENSHELL_LOG_PUSH_LEVEL", "7"],
  ["OPENSHELL_POLICY_POLL_INTERVAL_SECS", "0"],
  ["OPENSHELL_POLICY_POLL_INTERVAL_SECS", "1e3"],
  ["OPENSHELL_SANDBOX_UID", "0"],
  ["OPENSHELL_SANDBOX_UID", "-1"],
  ["OPENSHELL_SANDBOX_GID", "sandbox"],
  ["OPENSHELL_MAIN_PROCESS_SPEC", "echo hi"],
  ["OPENSHELL_MAIN_PROCESS_SPEC", `{"version":2,"command":["a"]}`],
  ["OPENSHELL_MAIN_PROCESS_SPEC", `{"version":1,"command":"a"}`],
  ["OPENSHELL_MAIN_PROCESS_SPEC", `{"version":1,"command":["a",1]}`],
  ["OPENSHELL_MAIN_PROCESS_SPEC", `{"version":1,"command":["a"],"tty":"no"}`],
  ["OPENSHELL_MAIN_PROCESS_SPEC", "base64url:!!"],
  ["OPENSHELL_USER_ENVIRONMENT", "[]"],
  ["OPENSHELL_USER_ENVIRONMENT", `{"A":1}`],
  ["OPENSHELL_USER_ENVIRONMENT", `{"A=B":"1"}`],
])("%s with %j is refused by name", (name, value) => {
  expect(() => read({ [name]: value })).toThrow(new RegExp(`^${name} is .+; expected .+`));
});

test.each([
  ["OPENSHELL_ENDPOINT", "http://user:hunter2@gateway"],
  ["OPENSHELL_SANDBOX_TOKEN", "hunter2"],
  ["OPENSHELL_MAIN_PROCESS_SPEC", `{"hunter2":1}`],
  ["OPENSHELL_USER_ENVIRONMENT", `["hunter2"]`],
])("T7: what is wrong in %s is not repeated", (name, value) => {
  expect(() => read({ [name]: value })).toThrow(/^(?!.*hunter2)/);
});

test.each([
  ["an endpoint", { OPENSHELL_ENDPOINT: "" }, "OPENSHELL_ENDPOINT is not set"],
  ["an id", { OPENSHELL_SANDBOX_ID: "" }, "OPENSHELL_SANDBOX_ID is not set"],
  ["any token", { OPENSHELL_SANDBOX_TOKEN: "" }, "OPENSHELL_SANDBOX_TOKEN and its alternatives is not set"],
  ["the key of a certificate", { OPENSHELL_TLS_CERT: "/c" }, "OPENSHELL_TLS_KEY is not set"],
  ["the certificate of a key", { OPENSHELL_TLS_KEY: "/k" }, "OPENSHELL_TLS_CERT is not set"],
])("without %s nothing starts", (_name, environment, says) => {
  expect(() => read(environment as Record<string, string>)).toThrow(says);
});

test.each([[["--frobnicate"]], [["loose"]], [["--timeout"]], [["--timeout", "soon"]], [["--timeout=-1"]]])(
  "the command line %j is refused",
  (argv) => {
    expect(() => read({}, argv)).toThrow(/expected/);
  },
);
