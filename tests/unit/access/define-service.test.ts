import { create, type Message } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, test } from "vitest";
import { GetSandboxConfigRequestSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { UpdateConfigRequestSchema } from "../../../gen/openshell/v1/config_pb.ts";
import { PushSandboxLogsRequestSchema } from "../../../gen/openshell/v1/logs_pb.ts";
import { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import { GetCurrentUserRequestSchema, OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { GetSandboxRequestSchema } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import { SupervisorMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";
import {
  type BoundMethod,
  defineService,
  type Entry,
  type Guarding,
  unimplemented,
} from "../../../src/access/index.ts";
import type { AuditEvent } from "../../../src/core/audit.ts";
import { newSandboxId } from "../../../src/core/ids.ts";
import { anonymous, type Principal } from "../../../src/core/principal.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { sandboxPrincipal, userPrincipal } from "../../support/principals.ts";

const a = { id: newSandboxId(), name: "alpha", workspace: "default" };
const b = { id: newSandboxId(), name: "beta", workspace: "default" };
const principalA = sandboxPrincipal(a.id);
const user = userPrincipal();

let audited: AuditEvent[];
let applied: unknown[];
let clock: FakeClock;
let lease: AbortController;
let released: number;
/** Does the directory answer with promises? */
let isAsked: boolean;
let directoryFailure: Error | undefined;
const gone = newSandboxId();

const notBuilt = Object.fromEntries(OpenShell.methods.map(({ localName }) => [localName, unimplemented])) as {
  readonly [K in keyof typeof OpenShell.method]: typeof unimplemented;
};

function bound(name: keyof typeof OpenShell.method): BoundMethod {
  const definition = defineService(OpenShell, openShellAuthorization, {
    ...notBuilt,
    getSandboxConfig: (_request, call) => ({ workspace: call.sandbox.name }),
    getSandbox: (_request, call) => ({ sandbox: { metadata: { id: call.sandbox.id } } }),
    updateConfig: (_request, call) => ({ policyHash: call.sandbox?.name ?? "global" }),
    createSandbox: () => {
      throw new Error("a text that nobody may see");
    },
    deleteSandbox: async () => {
      throw new Error("a text that nobody may see");
    },
    getCurrentUser: (_request, call) => ({ subject: call.signal.aborted ? "gone" : "still here" }),
    pushSandboxLogs: async (frames, call) => {
      for await (const frame of frames) applied.push([call.sandbox.name, frame.logs.length]);
      return {};
    },
    async *connectSupervisor(frames, call) {
      for await (const frame of frames) {
        applied.push(frame.payload.case);
        yield { payload: { case: "sessionAccepted", value: { sessionId: call.sandbox.id } } };
      }
    },
  });
  const guarding: Guarding = {
    directory: {
      byId(id) {
        const found = [a, b].find((known) => known.id === id);
        if (!isAsked) return found;
        return directoryFailure ? Promise.reject(directoryFailure) : Promise.resolve(found);
      },
      byName: async (workspace, wanted) => [a, b].find((one) => one.workspace === workspace && one.name === wanted),
    },
    audit: (event) => audited.push(event),
    roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
    openLease: () => ({ signal: lease.signal, [Symbol.dispose]: () => void released++ }),
    clock,
    firstFrameMs: 10_000,
  };
  const method = definition.bind(guarding).methods.find(({ method }) => method.localName === name);
  if (!method) throw new Error(`no method ${name}`);
  return method;
}

const entry = (principal: Principal): Entry => ({
  principal,
  signal: new AbortController().signal,
  metadata: { get: () => undefined },
  peer: "127.0.0.1",
});

async function call(name: keyof typeof OpenShell.method, request: Message, principal: Principal) {
  return callNow(name, request, entry(principal));
}
/** What a transport gets: an answer or a promise of one; a refusal may be thrown. */
function callNow(name: keyof typeof OpenShell.method, request: Message, from: Entry) {
  const method = bound(name);
  if (method.kind !== "unary") throw new Error(`${name} is not unary`);
  return method.invoke(request, from);
}
function stream(name: "connectSupervisor" | "pushSandboxLogs", frames: AsyncIterable<Message>, principal: Principal) {
  const method = bound(name);
  if (method.kind === "bidi_streaming") return Array.fromAsync(method.invoke(frames, entry(principal)));
  if (method.kind === "client_streaming") return method.invoke(frames, entry(principal));
  throw new Error(`${name} takes no stream`);
}
async function* frames(...messages: Message[]) {
  yield* messages;
}

const configOf = (sandboxId: string) => create(GetSandboxConfigRequestSchema, { sandboxId });
const logs = (sandboxId: string, ...lines: string[]) =>
  create(PushSandboxLogsRequestSchema, { sandboxId, logs: lines.map((id) => ({ sandboxId: id })) });
const hello = (sandboxId: string) =>
  create(SupervisorMessageSchema, { payload: { case: "hello", value: { sandboxId, instanceId: "i" } } });
const heartbeat = create(SupervisorMessageSchema, { payload: { case: "heartbeat", value: {} } });

beforeEach(() => {
  [audited, applied, clock, lease, released] = [[], [], new FakeClock(), new AbortController(), 0];
  [isAsked, directoryFailure] = [false, undefined];
});

describe("a method that names a sandbox by id", () => {
  test("a sandbox reaches itself", async () => {
    expect(await call("getSandboxConfig", configOf(a.id), principalA)).toEqual({ workspace: "alpha" });
    expect(audited).toEqual([]);
  });

  test("a user reaches any", async () => {
    expect(await call("getSandboxConfig", configOf(b.id), user)).toEqual({ workspace: "beta" });
  });

  test("another sandbox and one that does not exist are answered alike (A-50)", async () => {
    const texts = new Set<string>();
    for (const id of [b.id, newSandboxId(), "no-such-sandbox"]) {
      const refusal = await call("getSandboxConfig", configOf(id), principalA).catch((thrown) => thrown);
      expect(refusal).toMatchObject({ reason: "other-sandbox", code: "permission_denied" });
      texts.add(refusal.message);
    }
    expect(texts.size).toBe(1);
  });

  test("a cross-sandbox attempt is audited with both ids (S5)", async () => {
    await expect(call("getSandboxConfig", configOf(b.id), principalA)).rejects.toThrow();
    expect(audited).toEqual([
      {
        event: "access.cross-sandbox",
        principal: `sandbox:${a.id}`,
        sandboxId: a.id,
        requested: b.id,
        method: "openshell.v1.OpenShell/GetSandboxConfig",
        reason: "other-sandbox",
        peer: "127.0.0.1",
      },
    ]);
  });

  test.each([
    ["nothing", ""],
    ["upper case", a.id.toUpperCase()],
    ["a NUL", `${a.id}\u0000`],
    ["a trailing dot", `${a.id}.`],
    ["a trailing space", `${a.id} `],
    ["a Cyrillic letter", a.id.replace(/.$/, "\u0430")],
    ["a full-width digit", a.id.replace(/.$/, "\uff11")],
    ["a zero-width space", `${a.id}\u200b`],
    ["an encoded dot", "%2e%2e"],
    ["a path", "../../etc/passwd"],
    ["a prototype's name", "__proto__"],
    ["64 characters", "a".repeat(64)],
  ])("%s is no sandbox id (A-53, A-58)", async (_what, id) => {
    for (const principal of [principalA, user]) {
      const refusal = await call("getSandboxConfig", configOf(id), principal).catch((thrown) => thrown);
      expect(refusal).toMatchObject({
        reason: "request-invalid",
        message: expect.stringMatching(/^sandbox_id: expected /),
      });
    }
  });

  test("a user hears that a sandbox does not exist", async () => {
    await expect(call("getSandboxConfig", configOf(newSandboxId()), user)).rejects.toMatchObject({
      reason: "sandbox-missing",
    });
  });
});

describe("a call that has to wait for nothing", () => {
  test("is answered at once", () => {
    expect(callNow("getSandboxConfig", configOf(a.id), entry(principalA))).toEqual({ workspace: "alpha" });
  });

  test("is refused at once, and audited once", () => {
    expect(() => callNow("getSandboxConfig", configOf(b.id), entry(principalA))).toThrow(Refusal);
    expect(audited).toHaveLength(1);
  });

  test("asks for a signal only where its handler does", async () => {
    const { signal, ...rest } = entry(principalA);
    let asked = 0;
    const counting = {
      ...rest,
      get signal() {
        asked += 1;
        return signal;
      },
    };
    await callNow("getSandboxConfig", configOf(a.id), counting);
    expect(asked).toBe(0);
    expect(
      await callNow("getCurrentUser", create(GetCurrentUserRequestSchema), { ...counting, principal: user }),
    ).toEqual({
      subject: "still here",
    });
    expect(asked).toBe(1);
  });
});

describe("a directory that has to ask for what it does not know", () => {
  beforeEach(() => {
    isAsked = true;
  });

  test("serves those who may reach the sandbox", async () => {
    expect(await call("getSandboxConfig", configOf(a.id), principalA)).toEqual({ workspace: "alpha" });
    expect(await call("getSandboxConfig", configOf(b.id), user)).toEqual({ workspace: "beta" });
  });

  test.each([
    ["another sandbox", b.id, principalA, "other-sandbox"],
    ["a sandbox that is gone", gone, sandboxPrincipal(gone), "sandbox-missing"],
    ["a sandbox that does not exist", newSandboxId(), user, "sandbox-missing"],
  ])("refuses %s as ever", async (_what, id, principal, reason) => {
    await expect(call("getSandboxConfig", configOf(id), principal)).rejects.toMatchObject({ reason });
  });

  test("lets nobody in where it fails, and says no more than that", async () => {
    directoryFailure = new Error("a text that nobody may see");
    for (const principal of [principalA, user]) {
      const refusal = await call("getSandboxConfig", configOf(a.id), principal).catch((thrown) => thrown);
      expect(refusal).toBeInstanceOf(Refusal);
      expect(refusal).toMatchObject({ reason: "internal", message: "internal error" });
    }
  });
});

describe("a method that names a sandbox by name", () => {
  const update = (name: string, workspace = "") => create(UpdateConfigRequestSchema, { name, workspace });

  test("a sandbox reaches itself, in the default workspace where none is named", async () => {
    expect(await call("updateConfig", update("alpha"), principalA)).toEqual({ policyHash: "alpha" });
    expect(await call("updateConfig", update("alpha", "default"), principalA)).toEqual({ policyHash: "alpha" });
  });

  test.each([
    ["another's name", "beta", ""],
    ["a name that does not exist", "gamma", ""],
    ["its own name in another workspace", "alpha", "other"],
  ])("%s is refused alike", async (_what, name, workspace) => {
    await expect(call("updateConfig", update(name, workspace), principalA)).rejects.toMatchObject({
      reason: "other-sandbox",
    });
    expect(audited).toMatchObject([{ sandboxId: a.id, requested: `${workspace || "default"}/${name}` }]);
  });

  test("leaving the name out is for users", async () => {
    await expect(call("updateConfig", update(""), principalA)).rejects.toMatchObject({
      reason: "sandbox-global-config",
    });
    expect(await call("updateConfig", update(""), user)).toEqual({ policyHash: "global" });
  });

  test("a workspace that cannot be one is refused", async () => {
    await expect(call("updateConfig", update("alpha", "De Fault"), user)).rejects.toMatchObject({
      message: expect.stringMatching(/^workspace: expected /),
    });
  });
});

describe("a guard without a gate before it", () => {
  test.each([
    ["nobody", anonymous, "credential-missing"],
    ["a sandbox", principalA, "user-principal-required"],
  ])("%s on a user method is refused all the same", async (_who, principal, reason) => {
    const request = create(GetSandboxRequestSchema, { name: "alpha" });
    await expect(call("getSandbox", request, principal)).rejects.toMatchObject({ reason });
  });
});

test("what a handler throws leaves as an internal error, without its text", async () => {
  const request = create(GetSandboxRequestSchema, { name: "alpha" });
  for (const method of ["createSandbox", "deleteSandbox"] as const) {
    const refusal = await call(method, request, user).catch((thrown) => thrown);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ reason: "internal", message: "internal error" });
  }
});

test("a method that is not built says so only to those who may call it", async () => {
  const request = create(GetSandboxRequestSchema, { name: "alpha" });
  await expect(call("stopSandbox", request, user)).rejects.toMatchObject({ code: "unimplemented" });
  await expect(call("stopSandbox", request, principalA)).rejects.toMatchObject({ code: "permission_denied" });
  await expect(call("stopSandbox", create(GetSandboxRequestSchema, { name: "gone" }), user)).rejects.toMatchObject({
    code: "not_found",
  });
});

describe("a stream", () => {
  test("is authorised by its first frame, which the handler gets too", async () => {
    await stream("pushSandboxLogs", frames(logs(a.id, a.id, ""), logs(a.id)), principalA);
    expect(applied).toEqual([
      ["alpha", 2],
      ["alpha", 0],
    ]);
    expect(released).toBe(1);
  });

  test.each([
    ["a first frame of another sandbox (A-50)", [logs(b.id)], "other-sandbox", 0],
    ["a later frame of another sandbox (A-51)", [logs(a.id), logs(b.id, b.id)], "other-sandbox", 1],
    ["a first frame without an id (A-52)", [logs(""), logs(b.id)], "request-invalid", 0],
    ["a later frame without an id", [logs(a.id), logs("")], "request-invalid", 1],
    ["a line of another sandbox in the first frame (A-50)", [logs(a.id, a.id, b.id)], "other-sandbox", 0],
    ["a line of another sandbox in a later frame (A-50)", [logs(a.id), logs(a.id, b.id)], "other-sandbox", 1],
    ["no frame at all", [], "request-invalid", 0],
  ])("%s ends it, and nothing of that frame is applied", async (_what, messages, reason, before) => {
    await expect(stream("pushSandboxLogs", frames(...messages), principalA)).rejects.toMatchObject({ reason });
    expect(applied).toHaveLength(before);
    expect(released).toBe(1);
  });

  test("a frame that names no sandbox may follow, but not lead", async () => {
    await stream("connectSupervisor", frames(hello(a.id), heartbeat), principalA);
    expect(applied).toEqual(["hello", "heartbeat"]);
    await expect(stream("connectSupervisor", frames(heartbeat, hello(a.id)), principalA)).rejects.toMatchObject({
      reason: "request-invalid",
      message: expect.stringMatching(/^hello\.sandbox_id: expected /),
    });
  });

  test("a second hello for another sandbox ends it (A-51)", async () => {
    await expect(stream("connectSupervisor", frames(hello(a.id), hello(b.id)), principalA)).rejects.toMatchObject({
      reason: "other-sandbox",
    });
  });

  test("ends with its lease, though both sides are silent (S6)", async () => {
    const open = new ReadableStream<Message>({ start: (controller) => controller.enqueue(hello(a.id)) });
    const ended = stream("connectSupervisor", open, principalA);
    const failed = expect(ended).rejects.toMatchObject({ reason: "token-revoked" });
    await expect.poll(() => applied).toEqual(["hello"]);
    lease.abort(new Refusal("token-revoked"));
    await failed;
    expect(released).toBe(1);
  });

  test("whose first frame does not come in time is refused (weakness 41)", async () => {
    const silent = new ReadableStream<Message>();
    const refused = expect(stream("connectSupervisor", silent, principalA)).rejects.toMatchObject({
      reason: "request-invalid",
    });
    await expect.poll(() => clock.waiting).toBe(1);
    await clock.advance(10_000);
    await refused;
    expect(clock.waiting).toBe(0);
  });
});
