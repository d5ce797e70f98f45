import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { findDirectories } from "../../../../src/cli/target/directories.ts";
import { Registry } from "../../../../src/cli/target/registry.ts";
import { resolveTarget } from "../../../../src/cli/target/resolve.ts";
import { newHome } from "../run-program.ts";

let home: ReturnType<typeof newHome>;
let registry: Registry;

async function register(root: string, name: string, endpoint: string) {
  const directory = join(root, "gateways", name);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "metadata.json"), JSON.stringify({ gateway_endpoint: endpoint }));
}

beforeEach(async () => {
  home = newHome();
  registry = new Registry({ user: home.config, system: home.system });
  await register(home.config, "mine", "http://mine.example");
  await register(home.config, "other", "http://other.example");
  await writeFile(join(home.config, "active_gateway"), "mine\n");
  return () => home[Symbol.asyncDispose]();
});

const everything = { OPENSHELL_GATEWAY_ENDPOINT: "http://env.example", OPENSHELL_GATEWAY: "other" };

test.each([
  ["the endpoint of a flag", { endpoint: "http://flag.example", gateway: "mine" }, everything, "http://flag.example"],
  ["then the endpoint of the environment", { gateway: "mine" }, everything, "http://env.example"],
  ["then the name of a flag", { gateway: "mine" }, { OPENSHELL_GATEWAY: "other" }, "http://mine.example"],
  ["then the name of the environment", {}, { OPENSHELL_GATEWAY: "other" }, "http://other.example"],
  ["then the active gateway", {}, {}, "http://mine.example"],
  [
    "an empty variable counts as none",
    {},
    { OPENSHELL_GATEWAY_ENDPOINT: "", OPENSHELL_GATEWAY: "" },
    "http://mine.example",
  ],
])("%s decides", async (_rule, wishes, env, url) => {
  expect((await resolveTarget(wishes, env, registry)).endpoint.url).toBe(url);
});

test("an endpoint that is registered has the name that it is registered under", async () => {
  const target = await resolveTarget({ endpoint: "http://other.example/" }, {}, registry);
  expect(target).toMatchObject({ name: "other", registration: { name: "other", owner: "user" } });
});

test("an endpoint that is not registered has no name", async () => {
  expect((await resolveTarget({ endpoint: "http://new.example" }, {}, registry)).name).toBeUndefined();
});

test("a registration that is broken does not keep an endpoint from being used", async () => {
  await writeFile(join(home.config, "gateways/other/metadata.json"), "{");
  expect((await resolveTarget({ endpoint: "http://new.example" }, {}, registry)).endpoint.url).toBe(
    "http://new.example",
  );
});

test("the system's active gateway counts where the user has none", async () => {
  await register(home.system, "shared", "https://shared.example");
  await writeFile(join(home.system, "active_gateway"), "shared");
  await registry.remove("mine");
  expect(await resolveTarget({}, {}, registry)).toMatchObject({ name: "shared", registration: { owner: "system" } });
});

test("the user's registration hides the system's of the same name", async () => {
  await register(home.system, "mine", "https://shared.example");
  expect((await resolveTarget({}, {}, registry)).endpoint.url).toBe("http://mine.example");
});

test("a name that is not registered is refused, not guessed at", async () => {
  await expect(resolveTarget({ gateway: "min" }, {}, registry)).rejects.toThrow("no gateway named min is registered");
});

test("an active gateway that leads out of the directory is refused", async () => {
  await writeFile(join(home.config, "active_gateway"), "../../elsewhere");
  await expect(resolveTarget({}, {}, registry)).rejects.toThrow("does not hold a gateway name");
});

test("where nothing chooses, the user is told what there is to choose from", async () => {
  await writeFile(join(home.config, "active_gateway"), "");
  const failure = await resolveTarget({}, {}, registry).catch((thrown) => thrown);
  expect(failure).toMatchObject({
    message: "no gateway is chosen",
    next: expect.stringContaining("registered: mine, other"),
  });
});

test.each([
  [{ HOME: "/h" }, "/h/.config/openshell"],
  [{ HOME: "/h", XDG_CONFIG_HOME: "/x" }, "/x/openshell"],
  [{ HOME: "/h", XDG_CONFIG_HOME: "relative" }, "/h/.config/openshell"],
])("with %j the user's files are in %s", (env, user) => {
  expect(findDirectories(env)).toEqual({ user, system: "/etc/openshell" });
});
