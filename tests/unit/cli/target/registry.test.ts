import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { newHome } from "../run-program.ts";

let home: ReturnType<typeof newHome>;
beforeEach(() => {
  home = newHome();
  return () => home[Symbol.asyncDispose]();
});

const dead = "http://127.0.0.1:1";
const file = (path: string) => readFile(join(home.config, path), "utf8");
const modeOf = async (path: string) => ((await stat(join(home.config, path))).mode & 0o777).toString(8);

test("a registration is written as other OpenShell clients read it, for the user's eyes alone", async () => {
  const { code, stdout } = await home.openshell(["gateway", "add", dead, "--name", "dev"]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(JSON.parse(await file("gateways/dev/metadata.json"))).toEqual({
    name: "dev",
    gateway_endpoint: dead,
    is_remote: false,
    gateway_port: 1,
    auth_mode: "plaintext",
  });
  expect(await file("active_gateway")).toBe("dev");
  expect(await modeOf("gateways/dev/metadata.json")).toBe("600");
  for (const directory of ["", "gateways", "gateways/dev"]) expect(await modeOf(directory)).toBe("700");
  expect(await readdir(join(home.config, "gateways/dev"))).toEqual(["metadata.json"]);
});

test("a remote gateway's host is recorded", async () => {
  await home.openshell(["gateway", "add", "http://10.0.0.1", "--name", "far", "--remote", "ada@far"], {
    signal: AbortSignal.abort(),
  });
  expect(JSON.parse(await file("gateways/far/metadata.json"))).toMatchObject({
    is_remote: true,
    remote_host: "ada@far",
    gateway_port: 80,
  });
});

test("a name that is registered is not taken over", async () => {
  await home.openshell(["gateway", "add", dead, "--name", "dev"]);
  const again = await home.openshell(["gateway", "add", "http://127.0.0.1:2", "--name", "dev"]);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain(`a gateway named dev is registered already, at ${dead}`);
  expect(await file("gateways/dev/metadata.json")).toContain(dead);
});

test("a gateway is selected, and one that is not registered is not", async () => {
  await home.openshell(["gateway", "add", dead, "--name", "one"]);
  await home.openshell(["gateway", "add", dead, "--name", "two"]);
  expect((await home.openshell(["gateway", "select", "one"])).code).toBe(0);
  expect((await home.openshell(["gateway", "select", "three"])).stderr).toContain("registered: one, two");
  expect(await file("active_gateway")).toBe("one");
});

test("a variable that wins over the selection is pointed out", async () => {
  await home.openshell(["gateway", "add", dead, "--name", "one"]);
  const { stderr } = await home.openshell(["gateway", "select", "one"], { env: { OPENSHELL_GATEWAY: "two" } });
  expect(stderr).toContain("OPENSHELL_GATEWAY is set and wins over it");
});

test("a removed gateway leaves nothing, and is active no more", async () => {
  await home.openshell(["gateway", "add", dead, "--name", "gone"]);
  await writeFile(join(home.config, "gateways/gone/oidc_token.json"), "{}");
  expect((await home.openshell(["gateway", "remove"])).code).toBe(0);
  expect(await readdir(home.config)).toEqual(["gateways"]);
  expect(await readdir(join(home.config, "gateways"))).toEqual([]);
});

test("a registration of the machine is shown, and is not the user's to remove", async () => {
  const directory = join(home.system, "gateways/shared");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "metadata.json"), JSON.stringify({ gateway_endpoint: "https://shared.example" }));
  expect(JSON.parse((await home.openshell(["gateway", "list", "-o", "json"])).stdout)).toEqual([
    { name: "shared", active: false, endpoint: "https://shared.example", auth_mode: "mtls", owner: "system" },
  ]);
  const removed = await home.openshell(["gateway", "remove", "shared"]);
  expect(removed.code).toBe(1);
  expect(removed.stderr).toContain("belongs to this machine");
  expect(await readdir(directory)).toEqual(["metadata.json"]);
});

test("nothing outside the gateways' directory can be removed by a name", async () => {
  await mkdir(join(home.config, "gateways"), { recursive: true });
  await writeFile(join(home.config, "metadata.json"), "{}");
  expect((await home.openshell(["gateway", "remove", ".."])).code).toBe(2);
  expect(await readdir(home.config)).toContain("metadata.json");
});

test.each([
  ["{", "is not JSON"],
  ["[]", "is not a JSON object"],
  ["{}", "gateway_endpoint is missing"],
  ['{"gateway_endpoint":"nonsense"}', "not an endpoint"],
  ['{"gateway_endpoint":"http://h","auth_mode":"magic"}', "auth_mode is not one of"],
])("a registration that says %s is named in the message, and the others are listed", async (text, message) => {
  await home.openshell(["gateway", "add", dead, "--name", "good"]);
  await mkdir(join(home.config, "gateways/bad"));
  await writeFile(join(home.config, "gateways/bad/metadata.json"), text);
  const listed = await home.openshell(["gateway", "list", "-o", "json"]);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ name: "good" }]);
  expect(listed.stderr).toContain("gateways/bad/metadata.json");
  expect(listed.stderr).toContain(message);
  expect((await home.openshell(["-g", "bad", "status"])).stderr).toContain(message);
  expect((await home.openshell(["gateway", "remove", "bad"])).code).toBe(0);
});

test("a directory that cannot be written is named", async () => {
  await writeFile(join(home.home, ".config"), "a file where a directory is wanted");
  const { code, stderr } = await home.openshell(["gateway", "add", dead]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot write .*metadata\.json: (ENOTDIR|EEXIST)/);
});

test("a gateway that wants a browser login is refused in words", async () => {
  const { code, stderr } = await home.openshell(["gateway", "add", "https://g.example"]);
  expect(code).toBe(1);
  expect(stderr).toContain("a browser login at an https gateway is not supported yet");
  expect(await readdir(home.home)).toEqual([]);
});

test("a client certificate that is missing is asked for before anything is sent", async () => {
  await mkdir(join(home.config, "gateways/sec"), { recursive: true });
  await writeFile(join(home.config, "gateways/sec/metadata.json"), '{"gateway_endpoint":"https://127.0.0.1:1"}');
  const { code, stderr } = await home.openshell(["-g", "sec", "status"]);
  expect(code).toBe(1);
  expect(stderr).toContain("gateway sec wants a client certificate");
  expect(stderr).toContain("put ca.crt, tls.crt, tls.key there");
});
