import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { SandboxPhase } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import { newUser } from "./program.ts";
import { startSmallGateway } from "./small-gateway.ts";

test("a sandbox that does not become ready in time is exit code 124, and is left", async () => {
  const methods = {
    async *watchSandbox(_: unknown, { signal }: { signal: AbortSignal }) {
      yield { payload: { case: "sandbox", value: { metadata: { id: "1", name: "slow" } } } } as const;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  await using gateway = await startSmallGateway({ methods });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint, OPENSHELL_PROVISION_TIMEOUT: "1" });
  const { code, stdout, stderr } = await user.run("sandbox", "create", "--name", "slow");
  expect({ code, stdout }).toEqual({ code: 124, stdout: "" });
  expect(stderr).toContain("error: sandbox slow is not ready after 1 s\n");
  expect([...gateway.sandboxes.keys()]).toEqual(["slow"]);
});

test("a sandbox that fails is reported with the reason that the gateway gives", async () => {
  const status = { phase: SandboxPhase.ERROR, conditions: [{ type: "Ready", message: "no such image" }] };
  const methods = {
    async *watchSandbox() {
      yield { payload: { case: "sandbox", value: { metadata: { id: "1", name: "bad" }, status } } } as const;
    },
  };
  await using gateway = await startSmallGateway({ methods });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { code, stderr } = await user.run("sandbox", "create", "--name", "bad");
  expect(code).toBe(1);
  expect(stderr).toContain("error: sandbox bad will not become ready: it is error (no such image)\n");
});

test("a gateway that restarts while a sandbox is made does not end the wait", async () => {
  let watched = 0;
  const methods = {
    async *watchSandbox({ id }: { id: string }) {
      watched += 1;
      if (watched === 1) throw new ConnectError("the gateway is shutting down", Code.Unavailable);
      const status = { phase: SandboxPhase.READY };
      yield { payload: { case: "sandbox", value: { metadata: { id, name: "steady" }, status } } } as const;
    },
  };
  await using gateway = await startSmallGateway({ methods });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { code, stdout } = await user.run("sandbox", "create", "--name", "steady");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Phase +Ready$/m);
  expect(watched).toBe(2);
});

test("an interrupt while a sandbox is made ends the program and leaves the sandbox", async () => {
  const { promise: watched, resolve: watching } = Promise.withResolvers<void>();
  const methods = {
    async *watchSandbox(_: unknown, { signal }: { signal: AbortSignal }) {
      watching();
      yield { payload: { case: "warning", value: { message: "slow" } } } as const;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  await using gateway = await startSmallGateway({ methods });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const run = user.start("sandbox", "create", "--name", "kept");
  await watched;
  run.child.kill("SIGINT");
  const { code, stderr } = await run.done;
  expect(code).toBe(130);
  expect(stderr).toMatch(/interrupted\n$/);
  expect([...gateway.sandboxes.keys()]).toEqual(["kept"]);
});

test("the request for a sandbox holds what the options say", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint, OPENSHELL_WORKSPACE: "blue" });
  const args =
    "--name full --from ubuntu:24.04 --cpu 2 --memory 4Gi --gpu 1 --tty --env A=b=c --env D= --approval-mode auto --detach";
  const made = await user.run(
    "sandbox",
    "create",
    ...args.split(" "),
    "--driver-config-json",
    '{"x":[1]}',
    "--",
    "sh",
    "-c",
    "ls -o json",
  );
  expect(made.code, made.stderr).toBe(0);
  const [creation, approval] = gateway.seen.map(({ message }) => message);
  expect(creation).toMatchObject({
    name: "full",
    workspace: "blue",
    spec: {
      environment: { A: "b=c", D: "" },
      command: ["sh", "-c", "ls -o json"],
      tty: true,
      template: { image: "ubuntu:24.04", resources: { limits: { cpu: "2", memory: "4Gi" } }, driverConfig: { x: [1] } },
      resourceRequirements: { gpu: { count: 1 } },
    },
  });
  expect(approval).toMatchObject({
    name: "full",
    settingKey: "proposal_approval_mode",
    settingValue: { value: { case: "stringValue", value: "auto" } },
  });
});
