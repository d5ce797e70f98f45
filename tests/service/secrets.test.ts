import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { GetSandboxLogsResponseSchema } from "../../gen/openshell/v1/logs_pb.ts";
import { ListSandboxesResponseSchema, SandboxResponseSchema } from "../../gen/openshell/v1/sandboxes_pb.ts";
import { childrenOf, ready, supervisorOf } from "../e2e/processes.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { Secrets } from "../support/secrets.ts";
import { newKey, partsOf, spell } from "../support/tokens.ts";
import { misplacedToken, refusedToken } from "./secrets-calls.ts";
import { Program } from "./supervisor/program.ts";

test("what is looked for would be found", () => {
  const secrets = new Secrets();
  const key = newKey().privateKey;
  const pem = key.export({ format: "pem", type: "pkcs8" }) as string;
  const token = spell(JSON.stringify({ alg: "EdDSA" }), JSON.stringify({ sub: "spiffe://openshell" }), key);
  secrets.addToken(token, "token");
  secrets.addPrivateKey(pem, "key");
  const { d } = key.export({ format: "jwk" });
  const der = key.export({ format: "der", type: "pkcs8" });
  for (const seen of [
    token,
    token.slice(-21),
    token.split(".")[1]!,
    pem,
    pem.slice(40, 64),
    d!,
    der.toString("latin1"),
  ]) {
    expect(secrets.foundIn(`x${seen}y`)).not.toEqual([]);
  }
  expect(secrets.foundIn(JSON.stringify(partsOf(token)))).toEqual([]);
});

const listeners = (["users", "sandboxes", "operations"] as const).map((kind) => ({ kind, host: "127.0.0.1", port: 0 }));
/** Shows the log all that a sandboxed process can find out about itself. */
const script = "env; tr '\\0' '\\n' </proc/self/environ; ls -l /proc/self/fd; echo printed; exec sleep 600";

describe.each(["trace", "debug", "info", "warn", "error"] as const)("T7: at log level %s", (level) => {
  const secrets = new Secrets();
  /** All that could be seen, by where. */
  const seen = new Map<string, string>();
  let gateway: TestGateway;
  let id = "";
  let supervisor = 0;
  const tokenFile = () => join(gateway.directory, "sandboxes", id, "auth", "sandbox.jwt");
  const current = async () => (await readFile(tokenFile(), "utf8")).trim();
  const logs = async () =>
    toJsonString(GetSandboxLogsResponseSchema, await gateway.client().getSandboxLogs({ sandboxId: id }));

  beforeAll(async () => {
    gateway = await startTestGateway({ realSupervisors: true, logLevel: level, settings: { listeners } });
    secrets.addPrivateKey(gateway.signingKey.signing.reveal(), "the signing key");
    const spec = { logLevel: level, command: ["sh", "-c", script], environment: { GREETING: "hello" } };
    const made = await gateway.client().createSandbox({ name: "box", spec });
    seen.set("the answer to CreateSandbox", toJsonString(SandboxResponseSchema, made));
    id = made.sandbox?.metadata?.id ?? "";
    await ready(gateway.client(), id);
    supervisor = (await supervisorOf(gateway.directory, id))!;
    secrets.addToken(await current(), "the first token");
    await vi.waitUntil(async () => (await logs()).includes("printed"), { timeout: 10_000 });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test("the supervisor's environment names the token's file, and nothing more of it", async () => {
    const environment = await readFile(`/proc/${supervisor}/environ`, "latin1");
    expect(environment).toContain(`OPENSHELL_SANDBOX_TOKEN_FILE=${tokenFile()}\0`);
    seen.set("the supervisor's environment", environment);
    seen.set("the supervisor's command line", await readFile(`/proc/${supervisor}/cmdline`, "latin1"));
  });

  test("the main process has neither variable, file nor descriptor of it", async () => {
    const [main = 0] = await childrenOf(supervisor);
    const environment = await readFile(`/proc/${main}/environ`, "latin1");
    expect(environment).toContain("GREETING=hello\0");
    expect(environment).not.toMatch(/OPENSHELL_|jwt/i);
    const numbers = (await readdir(`/proc/${main}/fd`)).sort();
    const targets = await Promise.all(numbers.map((number) => readlink(`/proc/${main}/fd/${number}`)));
    expect(numbers).toEqual(["0", "1", "2"]);
    expect(targets).toEqual([
      "/dev/null",
      expect.stringMatching(/^(pipe|socket):/),
      expect.stringMatching(/^(pipe|socket):/),
    ]);
  });

  test("a refresh, refused tokens and tokens in the wrong place tell nothing", async () => {
    const first = await current();
    const environment = { OPENSHELL_ENDPOINT: gateway.sandboxesUrl, OPENSHELL_SANDBOX_TOKEN_FILE: tokenFile() };
    await using refresh = new Program(["debug-rpc", "refresh"], environment);
    expect(await refresh.exited).toBe(0);
    seen.set("debug-rpc refresh", refresh.stdout + refresh.stderr);
    const second = await current();
    expect(second).not.toBe(first);
    const { header, payload } = partsOf(second);
    const forged = spell(JSON.stringify(header), JSON.stringify({ ...payload, sub: "root" }), newKey().privateKey);
    secrets.addToken(second, "the second token");
    secrets.addToken(forged, "a forged token");
    for (const token of [first, forged, `${second}A`]) {
      for (const answer of await refusedToken(gateway, token, id)) seen.set(`refusal ${seen.size}`, answer);
    }
    for (const answer of await misplacedToken(gateway, second)) seen.set(`misplaced token ${seen.size}`, answer);
  });

  test("and when the sandbox is gone, no byte of its tokens or of the signing key stands anywhere", async () => {
    const user = gateway.client();
    seen.set("GetSandbox", toJsonString(SandboxResponseSchema, await user.getSandbox({ name: "box" })));
    seen.set("ListSandboxes", toJsonString(ListSandboxesResponseSchema, await user.listSandboxes({})));
    seen.set("GetSandboxLogs", await logs());
    seen.set("the supervisor's log", await readFile(join(tokenFile(), "../../supervisor.log"), "latin1"));
    const newest = await current();
    secrets.addToken(newest, "the newest token");
    await user.deleteSandbox({ name: "box" });
    for (const answer of await refusedToken(gateway, newest, id)) seen.set(`refusal ${seen.size}`, answer);

    const [users, , operations] = gateway.gateway.addresses;
    for (const url of [
      `${operations?.url}/metrics`,
      `${operations?.url}/readyz`,
      `${users?.url}/.well-known/jwks.json`,
    ]) {
      const answer = await fetch(url);
      expect(answer.status, url).toBe(200);
      seen.set(url, await answer.text());
    }
    for (const name of await readdir(gateway.directory, { recursive: true })) {
      const bytes = await readFile(join(gateway.directory, name), "latin1").catch(ignoreDirectories);
      if (bytes !== undefined) seen.set(name, bytes);
    }
    seen.set("the gateway's log", gateway.logged.join(""));

    expect([...seen.keys()]).toEqual(expect.arrayContaining(["openshell.db", "debug-rpc refresh"]));
    expect(gateway.audited().map(({ event }) => event)).toEqual(
      expect.arrayContaining(["token.issued", "token.refreshed", "token.refused", "sandbox.deleted"]),
    );
    const found = [...seen].map(([where, text]) => [where, secrets.foundIn(text)] as const);
    expect(found.filter(([, names]) => names.length > 0)).toEqual([]);
  });
});

function ignoreDirectories(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "EISDIR") throw error;
}
