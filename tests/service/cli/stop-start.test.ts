import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { SandboxPhase } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import { newUser } from "./program.ts";
import { startSmallGateway } from "./small-gateway.ts";

const { DELETING, READY, STARTING, STOPPED, STOPPING } = SandboxPhase;

const inPhase = (phase: SandboxPhase) => ({ metadata: { id: "1", name: "a" }, status: { phase } });

/** Watches show these phases, one after the other, and then nothing. */
const watching = (...phases: SandboxPhase[]) =>
  async function* (_: unknown, { signal }: { signal: AbortSignal }) {
    for (const phase of phases) yield { payload: { case: "sandbox", value: inPhase(phase) } } as const;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  };

async function run(command: "stop" | "start", answer: SandboxPhase, phases: SandboxPhase[], env = {}) {
  const ask = () => ({ sandbox: inPhase(answer) });
  const methods = { stopSandbox: ask, startSandbox: ask, watchSandbox: watching(...phases) };
  await using gateway = await startSmallGateway({ methods });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint, ...env });
  return { ...(await user.run("sandbox", command, "a")), methods: gateway.seen.map(({ method }) => method) };
}

test("a stop waits for STOPPED, whatever phases come before it", async () => {
  const { code, stdout, stderr } = await run("stop", STOPPING, [READY, STOPPING, STOPPED]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "a\n" });
  expect(stderr).toContain("sandbox a: stopping\n");
});

test("a start waits for READY", async () => {
  expect(await run("start", STARTING, [STARTING, READY])).toMatchObject({ code: 0, stdout: "a\n" });
});

test("where it is so already, nothing is waited for", async () => {
  expect(await run("stop", STOPPED, [])).toMatchObject({ code: 0, stdout: "a\n", methods: ["StopSandbox"] });
  expect(await run("start", READY, [])).toMatchObject({ code: 0, stdout: "a\n", methods: ["StartSandbox"] });
});

test("a sandbox that somebody deletes, or stops again, meanwhile is reported", async () => {
  const deleted = await run("stop", STOPPING, [DELETING]);
  expect(deleted).toMatchObject({ code: 1, stdout: "" });
  expect(deleted.stderr).toContain("error: sandbox a will not become stopped: it is deleting\n");
  const stopped = await run("start", STARTING, [STARTING, STOPPING]);
  expect(stopped).toMatchObject({ code: 1, stdout: "" });
  expect(stopped.stderr).toContain("error: sandbox a will not become ready: it is stopping\n");
});

test.each([
  ["stop", STOPPING, "stopped"],
  ["start", STARTING, "ready"],
] as const)("a %s that takes too long is exit code 124", async (command, phase, goal) => {
  const { code, stdout, stderr } = await run(command, phase, [phase], { OPENSHELL_PROVISION_TIMEOUT: "1" });
  expect({ code, stdout }).toEqual({ code: 124, stdout: "" });
  expect(stderr).toContain(`error: sandbox a is not ${goal} after 1 s\n`);
});

test("a timeout that is no number of seconds is wrong usage, and nothing is stopped", async () => {
  const { code, methods } = await run("stop", STOPPING, [], { OPENSHELL_PROVISION_TIMEOUT: "soon" });
  expect({ code, methods }).toEqual({ code: 2, methods: [] });
});

test("without a name, and none used before, it is wrong usage", async () => {
  await using gateway = await startSmallGateway();
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  for (const command of ["stop", "start"])
    expect(await user.run("sandbox", command)).toMatchObject({ code: 2, stdout: "" });
  expect(gateway.seen).toEqual([]);
});

test("what the gateway refuses is told in its own words", async () => {
  const refuse = () => {
    throw new ConnectError("sandbox 'a' is being deleted", Code.FailedPrecondition);
  };
  await using gateway = await startSmallGateway({ methods: { stopSandbox: refuse } });
  await using user = await newUser({ OPENSHELL_GATEWAY_ENDPOINT: gateway.endpoint });
  const { code, stdout, stderr } = await user.run("sandbox", "stop", "a");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("answered FAILED_PRECONDITION: sandbox 'a' is being deleted");
});
