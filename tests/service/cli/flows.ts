import { afterAll, beforeAll, expect, test } from "vitest";
import { newUser, type Result, type User } from "./program.ts";

interface RunningGateway extends AsyncDisposable {
  readonly endpoint: string;
}

const json = ({ stdout }: Result) => JSON.parse(stdout);

/** What every gateway that lets a development user in must do for the command line, told as one user's session. */
export function commandLineFlows(start: () => Promise<RunningGateway>): void {
  let gateway: RunningGateway;
  let user: User;
  const openshell = (...args: string[]) => user.run(...args);

  beforeAll(async () => {
    gateway = await start();
    user = await newUser();
  });
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  test("a gateway is registered under a name and becomes the active one", async () => {
    const added = await openshell("gateway", "add", gateway.endpoint, "--local");
    expect(added).toMatchObject({ code: 0, stdout: "" });
    expect(added.stderr).toContain("it answers, version");
    expect(json(await openshell("gateway", "list", "-o", "json"))).toEqual([
      { name: "openshell", active: true, endpoint: gateway.endpoint, auth_mode: "plaintext", owner: "user" },
    ]);
  });

  test("status says that it is connected and that no login is required", async () => {
    const { code, stdout, stderr } = await openshell("status");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Status +Connected$/m);
    expect(stdout).toMatch(/^Authentication +not required$/m);
  });

  test("whoami names the development user", async () => {
    expect(json(await openshell("whoami", "-o", "json"))).toMatchObject({
      subject: "unauthenticated-local-dev",
      identityProvider: "local_dev",
    });
  });

  test("gateway info names the version", async () => {
    expect(json(await openshell("gateway", "info", "-o", "json")).gatewayVersion).toMatch(/\d+\.\d+/);
  });

  test("a sandbox is made, and the command ends when it is ready", async () => {
    const made = await openshell(
      "sandbox",
      "create",
      "--name",
      "flow-a",
      "--label",
      "team=red",
      "-o",
      "json",
      "--",
      "sleep",
      "600",
    );
    expect(made.code, made.stderr).toBe(0);
    expect(json(made)).toMatchObject({
      metadata: { name: "flow-a", labels: { team: "red" } },
      spec: { command: ["sleep", "600"] },
      status: { phase: "SANDBOX_PHASE_READY" },
    });
  });

  test("a detached creation does not wait", async () => {
    const made = await openshell("sandbox", "create", "--name", "flow-b", "--detach");
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toMatch(/^Name +flow-b$/m);
  });

  test("a name that is taken is refused", async () => {
    const { code, stdout, stderr } = await openshell("sandbox", "create", "--name", "flow-a", "--detach");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("ALREADY_EXISTS");
  });

  test("the list has both, by name, in a table and as JSON", async () => {
    expect((await openshell("sandbox", "list", "--names")).stdout.split("\n").toSorted()).toEqual([
      "",
      "flow-a",
      "flow-b",
    ]);
    expect((await openshell("sandbox", "list")).stdout).toMatch(/^NAME +PHASE +AGE +ID\n/);
    const listed = json(await openshell("sandbox", "list", "-o", "json"));
    const ids = (await openshell("sandbox", "list", "--ids")).stdout.trim().split("\n");
    expect(listed.sandboxes.map(({ metadata }: { metadata: { id: string } }) => metadata.id)).toEqual(ids);
  });

  test("a sandbox is shown with the policy that is in force", async () => {
    const shown = json(await openshell("sandbox", "get", "flow-a", "-o", "json"));
    expect(shown).toMatchObject({ sandbox: { metadata: { name: "flow-a" } }, config: { version: expect.any(Number) } });
    expect(shown.config.policyHash).toMatch(/^.{12,}$/);
  });

  test("a sandbox that does not exist is said not to be there", async () => {
    const { code, stdout, stderr } = await openshell("sandbox", "get", "nobody");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: the gateway at http:\/\/127\.0\.0\.1:\d+ answered /);
  });

  test("the sandbox used last needs no name", async () => {
    expect((await openshell("sandbox", "get")).stdout).toMatch(/^Name +flow-a$/m);
    expect(await openshell("logs", "-n", "1")).toMatchObject({ code: 0, stderr: "" });
  });

  test("a sandbox is stopped, and the command ends when it has stopped; its name alone is printed", async () => {
    const { code, stdout, stderr } = await openshell("sandbox", "stop");
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "flow-a\n" });
    expect((await openshell("sandbox", "get")).stdout).toMatch(/^Phase +Stopped$/m);
    expect(await openshell("sandbox", "stop", "flow-a")).toMatchObject({ code: 0, stdout: "flow-a\n" });
  });

  test("it is started again, and the command ends when it is ready", async () => {
    const { code, stdout, stderr } = await openshell("sandbox", "start", "flow-a");
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "flow-a\n" });
    expect((await openshell("sandbox", "get")).stdout).toMatch(/^Phase +Ready$/m);
  });

  test.each(["stop", "start"])("sandbox %s says of one that does not exist that it is not there", async (command) => {
    const { code, stdout, stderr } = await openshell("sandbox", command, "nobody");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("answered NOT_FOUND");
  });

  test("sandboxes are deleted by name, and the list is empty then", async () => {
    expect(await openshell("sandbox", "delete", "flow-a", "flow-b")).toEqual({
      code: 0,
      stdout: "flow-a\nflow-b\n",
      stderr: "",
    });
    const missing = await openshell("sandbox", "get");
    expect(missing.code, "the one used last is forgotten with it").toBe(2);
    const again = await openshell("sandbox", "delete", "flow-a");
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain("there is no sandbox flow-a in workspace default");
  });

  test("a gateway that is removed is forgotten, with all that was stored for it", async () => {
    expect((await openshell("gateway", "remove")).code).toBe(0);
    expect(json(await openshell("gateway", "list", "-o", "json"))).toEqual([]);
    expect((await openshell("status")).stderr).toContain("no gateway is chosen");
  });
}
