import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { PolicySource } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import type { UpdateConfigRequest } from "../../../gen/openshell/v1/config_pb.ts";
import { PolicyStatus, type ReportPolicyStatusRequest } from "../../../gen/openshell/v1/policy_pb.ts";
import { RunningSupervisor } from "./running-supervisor.ts";
import { sandboxId } from "./sandbox-id.ts";
import { type Handlers, TestGateway } from "./test-gateway.ts";
import { until } from "./until.ts";

const config = (fields: object = {}) => ({
  policy: { version: 1 },
  version: 3,
  policyHash: "0123456789abcdef",
  configRevision: 1n,
  policySource: PolicySource.SANDBOX,
  workspace: "default",
  ...fields,
});

/** A gateway that keeps what was reported of policies. */
async function reporting(handlers: Handlers) {
  const reports: ReportPolicyStatusRequest[] = [];
  const gateway = await TestGateway.start({
    reportPolicyStatus: (report) => {
      reports.push(report);
      return {};
    },
    ...handlers,
  });
  return { gateway, reports };
}

test("calls come in the order that gateways know, and what the gateway does not know is done without", async () => {
  await using gateway = await TestGateway.start();
  await using _ = new RunningSupervisor({ endpoint: gateway.url });
  await until(() => gateway.count("ConnectSupervisor") === 1 && gateway.count("ReportPolicyStatus") === 1);
  const firsts = [...new Set(gateway.methods())];
  expect(firsts.slice(0, 3).sort()).toEqual(["GetSandboxConfig", "GetSandboxProviderEnvironment", "PushSandboxLogs"]);
  expect(firsts.indexOf("GetSandboxProviderEnvironment")).toBeLessThan(firsts.indexOf("ConnectSupervisor"));
  expect(gateway.calls.every(({ token }) => token !== "")).toBe(true);
});

test("a sandbox without a policy gets the default one, in its workspace, and goes on with what the gateway made of it", async () => {
  const synced: UpdateConfigRequest[] = [];
  const { gateway, reports } = await reporting({
    getSandboxConfig: () => {
      const { policy: _, ...unset } = config({ version: 0, workspace: "lab" });
      return synced.length === 0 ? unset : config({ version: 1 });
    },
    updateConfig: (request) => {
      synced.push(request);
      return { version: 1 };
    },
  });
  await using __ = gateway;
  await using _ = new RunningSupervisor({ endpoint: gateway.url });
  await until(() => reports.length === 1);
  expect(synced).toHaveLength(1);
  expect(synced[0]).toMatchObject({ name: "box", workspace: "lab", policy: { version: 1, networkPolicies: {} } });
  expect(reports[0]).toMatchObject({ sandboxId, version: 1, status: PolicyStatus.LOADED, loadError: "" });
});

test.each([
  ["a gateway that knows a version and sends no policy", { version: 4 }, "policy version 4 and sent none"],
  ["a name is needed and missing", { version: 0 }, "OPENSHELL_SANDBOX is not set"],
])("%s ends the start", async (_name, fields, says) => {
  await using gateway = await TestGateway.start({
    getSandboxConfig: () => {
      const { policy: _, ...unset } = config(fields);
      return unset;
    },
  });
  const running = new RunningSupervisor({ endpoint: gateway.url, environment: { OPENSHELL_SANDBOX: "" } });
  expect(await running.exit).toBe(1);
  expect(running.stderr).toContain(says);
});

test.each([Code.PermissionDenied, Code.NotFound, Code.InvalidArgument, Code.Unimplemented])(
  "a first configuration refused with status %i ends the start at once",
  async (code) => {
    await using gateway = await TestGateway.start({
      getSandboxConfig: () => {
        throw new ConnectError("not for you", code);
      },
    });
    const running = new RunningSupervisor({ endpoint: gateway.url });
    expect(await running.exit).toBe(1);
    expect(gateway.count("GetSandboxConfig")).toBe(1);
    expect(running.stderr).toContain("not for you");
  },
);

test("a gateway that is not there yet is asked again", async () => {
  let asked = 0;
  await using gateway = await TestGateway.start({
    getSandboxConfig: () => {
      asked += 1;
      if (asked === 1) throw new ConnectError("starting", Code.Unavailable);
      return config();
    },
  });
  await using _ = new RunningSupervisor({ endpoint: gateway.url });
  await until(() => gateway.count("ConnectSupervisor") === 1);
});

test("P7: a policy with rules that are not enforced is reported as failed, and the command is not run", async () => {
  let policy: object = { version: 1, networkPolicies: { web: { name: "web" } }, filesystem: { readOnly: ["/etc"] } };
  let version = 3;
  const { gateway, reports } = await reporting({ getSandboxConfig: () => config({ policy, version }) });
  await using _ = gateway;
  const environment = { OPENSHELL_POLICY_POLL_INTERVAL_SECS: "1" };
  await using running = new RunningSupervisor({ endpoint: gateway.url, environment, argv: ["--", "echo", "ran"] });
  await until(() => reports.length === 1 && gateway.count("ConnectSupervisor") === 1);
  expect(reports[0]).toMatchObject({
    version: 3,
    status: PolicyStatus.FAILED,
    loadError: "this supervisor does not enforce: network_policies (1), filesystem",
  });
  expect(running.stdout).toBe("");

  policy = { version: 1 };
  version = 4;
  expect(await running.exit).toBe(0);
  expect(running.stdout).toBe("ran\n");
  expect(reports[1]).toMatchObject({ version: 4, status: PolicyStatus.LOADED });
});

test.each([
  ["global", { policySource: PolicySource.GLOBAL }],
  ["of no version", { version: 0 }],
])("a policy that is %s is not the sandbox's to report", async (_name, fields) => {
  const { gateway, reports } = await reporting({ getSandboxConfig: () => config(fields) });
  await using _ = gateway;
  const environment = { OPENSHELL_POLICY_POLL_INTERVAL_SECS: "1" };
  await using __ = new RunningSupervisor({ endpoint: gateway.url, environment });
  await until(() => gateway.count("GetSandboxConfig") >= 3);
  expect(reports).toEqual([]);
});

test("a status that could not be reported is reported again; one that the gateway does not want is not", async () => {
  let failures = [Code.Unavailable, Code.FailedPrecondition];
  await using gateway = await TestGateway.start({
    getSandboxConfig: () => config(),
    reportPolicyStatus: () => {
      const [code, ...rest] = failures;
      failures = rest;
      if (code) throw new ConnectError("no", code);
      return {};
    },
  });
  const environment = { OPENSHELL_POLICY_POLL_INTERVAL_SECS: "1" };
  await using _ = new RunningSupervisor({ endpoint: gateway.url, environment });
  await until(() => gateway.count("ReportPolicyStatus") === 2);
  const polls = gateway.count("GetSandboxConfig");
  await until(() => gateway.count("GetSandboxConfig") >= polls + 2);
  expect(gateway.count("ReportPolicyStatus")).toBe(2);
});
