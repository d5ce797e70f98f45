import { expect, test } from "vitest";
import { newHome } from "./run-program.ts";

/** Nobody listens there: a command that gets as far as connecting fails with 1, not 2. */
const env = { OPENSHELL_GATEWAY_ENDPOINT: "http://127.0.0.1:1" };

test.each([
  [["sandbox", "create", "--upload", "."], "unknown option '--upload'"],
  [["sandbox", "create", "--forward", "80"], "unknown option '--forward'"],
  [["sandbox", "create", "--provider", "x"], "unknown option '--provider'"],
  [["sandbox", "create", "--policy", "x.yaml"], "unknown option '--policy'"],
  [["sandbox", "create", "--no-keep"], "unknown option '--no-keep'"],
  [["sandbox", "create", "my-box"], "a command goes behind --, and a name with --name"],
  [["sandbox", "create", "--env", "no-value"], "Write it as KEY=VALUE."],
  [["sandbox", "create", "--label", "=x"], "Write it as KEY=VALUE."],
  [["sandbox", "create", "--gpu", "0"], "It is a whole number from 1 to 1024."],
  [["sandbox", "create", "--from", "./Dockerfile"], "cannot be built into an image here"],
  [["sandbox", "create", "--driver-config-json", "[1]"], "It is not a JSON object."],
  [["sandbox", "create", "--driver-config-json", "{"], "JSON"],
  [["sandbox", "create", "--approval-mode", "never"], "Allowed choices are manual, auto."],
  [["sandbox", "list", "--limit", "1e3"], "It is a whole number from 1 to 1000."],
  [["sandbox", "list", "--limit", "0"], "It is a whole number from 1 to 1000."],
  [["sandbox", "list", "--ids", "--names"], "cannot be used with option"],
  [["sandbox", "list", "-o", "xml"], "Allowed choices are table, json, yaml."],
  [["sandbox", "delete"], "name the sandboxes to delete, or say --all"],
  [["sandbox", "delete", "a", "--all"], "not both"],
  [["sandbox", "get", "a", "b"], "too many arguments"],
  [["sandbox", "get"], "no sandbox is named"],
  [["logs"], "no sandbox is named"],
  [["logs", "--since", "yesterday"], "Write a span"],
  [["logs", "--source", "elsewhere"], "Allowed choices"],
  [["--gateway-endpoint", "ftp://x", "status"], "--gateway-endpoint: not an endpoint"],
  [["-g", "../../etc", "status"], "is not a gateway name"],
  [["gateway", "add", "http://h:1", "--name", "a/b"], "is not a gateway name"],
  [["gateway", "add", "http://192.0.2.1:1", "--local"], "is not this machine"],
  [["gateway", "add", "http://127.0.0.1:1", "--local", "--remote", "h"], "cannot be used with option"],
  [["gateway", "select"], "name the gateway to use from now on"],
  [["completions", "tcsh"], "Allowed choices are bash, zsh, fish."],
  [["completions"], "missing required argument 'shell'"],
  [["nonsense"], "unknown command 'nonsense'"],
])("%j is wrong usage: exit code 2, and nothing on stdout", async (argv, message) => {
  await using user = newHome();
  const { code, stdout, stderr } = await user.openshell(argv, { env });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
});

test("a time to wait that is no number of seconds is wrong usage", async () => {
  await using user = newHome();
  const result = await user.openshell(["sandbox", "create"], { env: { ...env, OPENSHELL_PROVISION_TIMEOUT: "5m" } });
  expect(result.code).toBe(2);
  expect(result.stderr).toContain("OPENSHELL_PROVISION_TIMEOUT is not a whole number of seconds");
});

test.each([[[]], [["sandbox"]], [["gateway"]]])("%j alone shows what there is, on stderr", async (argv) => {
  await using user = newHome();
  const { code, stdout, stderr } = await user.openshell(argv);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("Usage: openshell");
});

test("help and version that were asked for are data", async () => {
  await using user = newHome();
  expect(await user.openshell(["--version"])).toEqual({ code: 0, stdout: "9.9.9\n", stderr: "" });
  const help = await user.openshell(["sandbox", "create", "--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("Usage: openshell sandbox create [options] [-- COMMAND...]");
});

test("a command behind -- may hold what looks like options of ours", async () => {
  await using user = newHome();
  const { code, stderr } = await user.openshell(["sandbox", "create", "--", "sh", "--upload", "-g", "x"], { env });
  expect(code).toBe(1);
  expect(stderr).toContain("connection refused");
});
