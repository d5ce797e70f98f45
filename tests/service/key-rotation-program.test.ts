import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtProgram, compileCache } from "../support/built-program.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const program = builtProgram("openshell-gateway");

/** The gateway program in a home of its own, and a shell beside it. */
async function startProgram() {
  const life = new AsyncDisposableStack();
  const home = life.use(temporaryDirectory()).path;
  const env = { PATH: process.env["PATH"], HOME: home, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home, ...compileCache() };
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { env, encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const port = await freePort();
  const gateway = spawn(process.execPath, [program, "--dev", "--port", String(port)], { env, stdio: "ignore" });
  life.defer(async () => {
    gateway.kill("SIGKILL");
    if (gateway.exitCode === null && gateway.signalCode === null) await once(gateway, "exit");
  });
  const published = async () => {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/.well-known/jwks.json`);
      return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
    } catch {
      return [];
    }
  };
  await expect.poll(published, { timeout: 15_000 }).toHaveLength(1);
  const jwt = join(home, "openshell", "tls", "jwt");
  return { run, gateway, published, jwt, [Symbol.asyncDispose]: () => life.disposeAsync() };
}

test("the program follows what the keys commands do, at once when it is told to by SIGHUP", {
  timeout: 60_000,
}, async () => {
  await using world = await startProgram();
  const { run, gateway, published, jwt } = world;
  const [first = ""] = await published();

  expect(run("keys", "prepare")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^key [0-9a-f]{32} is prepared\. /),
  });
  gateway.kill("SIGHUP");
  await expect.poll(published, { timeout: 5_000 }).toHaveLength(2);

  const early = run("keys", "activate");
  expect(early).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/is too new.*Wait 1\d\d s/) });
  expect(run("keys", "activate", "--force").status).toBe(0);
  const listed = JSON.parse(run("keys", "list", "-o", "json").stdout) as { kid: string; state: string }[];
  expect(listed.map(({ state }) => state).sort()).toEqual(["active", "retiring"]);
  expect(readFileSync(join(jwt, "kid"), "utf8").trim()).not.toBe(first);

  expect(run("keys", "retire")).toMatchObject({ status: 1, stderr: expect.stringMatching(/Wait 24 h/) });
  expect(run("keys", "revoke", "--kid", first).status).toBe(0);
  await expect.poll(published, { timeout: 10_000 }).not.toContain(first);
  expect(run("keys", "list").stdout).toMatch(
    /^KID +STATE +SINCE +NOTE\n[0-9a-f]{32} +active +\S+ +signs\n[0-9a-f]{32} +revoked +\S+\n$/,
  );
});

test("with keys somewhere else, a command is told where", () => {
  using elsewhere = temporaryDirectory();
  const env = { PATH: process.env["PATH"], HOME: elsewhere.path };
  const run = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { env, encoding: "utf8" });
  expect(run("generate-certs", "--jwt-only", "--output-dir", elsewhere.path).status).toBe(0);
  const dir = join(elsewhere.path, "jwt");
  expect(run("keys", "prepare", "--dir", dir).status).toBe(0);
  expect(run("keys", "list", "--dir", dir).stdout).toMatch(/ next /);
  expect(run("keys", "list")).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^openshell-gateway: .*incomplete/),
  });
  // What is there is found complete, and kept.
  expect(run("generate-certs", "--jwt-only", "--output-dir", elsewhere.path).stdout).toMatch(/all files are in/);
});
