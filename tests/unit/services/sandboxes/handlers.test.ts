import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  CreateSandboxRequestSchema,
  DeleteSandboxRequestSchema,
  GetSandboxRequestSchema,
  ListSandboxesRequestSchema,
  SandboxPhase,
  SandboxResponseSchema,
  StartSandboxRequestSchema,
  StopSandboxRequestSchema,
} from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import {
  type SandboxStreamEvent,
  SandboxStreamEventSchema,
  WatchSandboxRequestSchema,
} from "../../../../gen/openshell/v1/watch_pb.ts";
import { grantScope, type ScopedSandbox } from "../../../../src/core/scoped-sandbox.ts";
import { createLogBuffer, type LogBuffer } from "../../../../src/services/logs/index.ts";
import { createSandboxHandlers, type SandboxHandlers } from "../../../../src/services/sandboxes/index.ts";
import { userPrincipal } from "../../../support/principals.ts";
import { type SandboxWorld, sandboxWorld } from "../../../support/sandbox-world.ts";

const roles = { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: true };

let world: SandboxWorld;
let logs: LogBuffer;
let handlers: SandboxHandlers;

beforeEach(async () => {
  world = await sandboxWorld();
  logs = createLogBuffer({ clock: world.clock, isKnown: (id) => world.registry.byId(id) !== undefined });
  handlers = createSandboxHandlers({ registry: world.registry, lifecycle: world.lifecycle, logs, roles });
});
afterEach(() => world[Symbol.asyncDispose]());

const call = (principal = userPrincipal()) => ({
  principal,
  signal: new AbortController().signal,
  metadata: { get: () => undefined },
});

async function createOne(request: MessageInitShape<typeof CreateSandboxRequestSchema> = {}) {
  world.clock.jump(1);
  const answer = await handlers.createSandbox(create(CreateSandboxRequestSchema, request), call());
  const { sandbox } = create(SandboxResponseSchema, answer);
  const scope = world.registry.byName("default", sandbox?.metadata?.name ?? "");
  return { sandbox: sandbox!, scope: grantScope(scope!) };
}

const names = async (
  request: MessageInitShape<typeof ListSandboxesRequestSchema> = {},
  principal = userPrincipal(),
) => {
  const { sandboxes = [] } = await handlers.listSandboxes(create(ListSandboxesRequestSchema, request), call(principal));
  return sandboxes.map(({ metadata }) => metadata?.name);
};

describe("CreateSandbox and GetSandbox", () => {
  test("the answer is PROVISIONING with what the command line needs, and holds no token (T7)", async () => {
    const { sandbox } = await createOne({ name: "box", labels: { a: "b" }, annotations: { c: "d" } });
    expect(sandbox).toMatchObject({
      metadata: { name: "box", workspace: "default", labels: { a: "b" }, annotations: { c: "d" }, resourceVersion: 1n },
      status: { sandboxName: "box", phase: SandboxPhase.PROVISIONING, currentPolicyVersion: 0 },
    });
    expect(sandbox.metadata?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(sandbox.metadata?.createdAtMs).toBe(BigInt(world.clock.now()));
    const token = world.driver.files.get(world.registry.list()[0]!.id)!.reveal();
    const answer = JSON.stringify(sandbox, (_key, value) => (typeof value === "bigint" ? `${value}` : value));
    for (const part of token.split(".")) expect(answer).not.toContain(part);
  });

  test("it is PROVISIONING even where the supervisor was quicker than the answer", async () => {
    const starting = Promise.withResolvers<void>();
    world.driver.held.set("start", starting.promise);
    const creating = createOne({ name: "box" });
    await expect.poll(() => world.driver.calls.some((entry) => entry.startsWith("start"))).toBe(true);
    world.registry.sessionStarted(world.registry.list()[0]!.id, "i");
    starting.resolve();
    expect((await creating).sandbox.status?.phase).toBe(SandboxPhase.PROVISIONING);
  });

  test("a sandbox is shown as it is now", async () => {
    const { scope } = await createOne({ name: "box" });
    world.registry.sessionStarted(scope.id, "instance-1");
    const answer = await handlers.getSandbox(create(GetSandboxRequestSchema), { ...call(), sandbox: scope });
    expect(create(SandboxResponseSchema, answer).sandbox?.status).toMatchObject({
      phase: SandboxPhase.READY,
      mainProcessInstanceId: "instance-1",
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: new Date(world.clock.now()).toISOString() }],
    });
  });

  test("one that went between the guard and the handler is not found", async () => {
    const { scope } = await createOne();
    await world.lifecycle.remove(scope.id, userPrincipal());
    const getting = async () => handlers.getSandbox(create(GetSandboxRequestSchema), { ...call(), sandbox: scope });
    await expect(getting()).rejects.toMatchObject({ reason: "sandbox-missing" });
  });
});

describe("StopSandbox and StartSandbox", () => {
  const stop = async (sandbox: ScopedSandbox) =>
    create(SandboxResponseSchema, await handlers.stopSandbox(create(StopSandboxRequestSchema), { ...call(), sandbox }));
  const start = async (sandbox: ScopedSandbox) =>
    create(
      SandboxResponseSchema,
      await handlers.startSandbox(create(StartSandboxRequestSchema), { ...call(), sandbox }),
    );

  test("the answers are STOPPING and STARTING, and hold no token (T7)", async () => {
    const { scope } = await createOne({ name: "box" });
    const stopping = await stop(scope);
    expect(stopping.sandbox).toMatchObject({
      metadata: { name: "box", resourceVersion: 2n },
      status: { phase: SandboxPhase.STOPPING },
    });
    await world.lifecycle[Symbol.asyncDispose]();
    const starting = await start(scope);
    expect(starting.sandbox?.status?.phase).toBe(SandboxPhase.STARTING);
    await world.lifecycle[Symbol.asyncDispose]();
    const [, payload = "?", signature = "?"] = world.driver.files.get(scope.id)!.reveal().split(".");
    const answers = JSON.stringify([stopping, starting], (_key, value) =>
      typeof value === "bigint" ? `${value}` : value,
    );
    for (const part of [payload, signature]) expect(answers).not.toContain(part);
    expect(world.audited.filter(({ principal }) => principal.startsWith("user:")).map(({ event }) => event)).toEqual([
      "sandbox.created",
      "sandbox.stopped",
      "sandbox.started",
    ]);
  });

  test("one that went between the guard and the handler is not found", async () => {
    const { scope } = await createOne();
    await world.lifecycle.remove(scope.id, userPrincipal());
    await expect(stop(scope)).rejects.toMatchObject({ reason: "sandbox-missing" });
    await expect(start(scope)).rejects.toMatchObject({ reason: "sandbox-missing" });
  });
});

describe("DeleteSandbox", () => {
  test("a sandbox is deleted, and said to be", async () => {
    const { scope } = await createOne();
    const answer = await handlers.deleteSandbox(create(DeleteSandboxRequestSchema), { ...call(), sandbox: scope });
    expect(answer).toEqual({ deleted: true });
    expect(world.registry.list()).toEqual([]);
    expect(world.audited.at(-1)).toMatchObject({ event: "sandbox.deleted", principal: "user:https://idp.example/ada" });
  });
});

describe("ListSandboxes", () => {
  test("sandboxes are listed in the order in which they were made, a page at a time", async () => {
    for (const name of ["c", "a", "b"]) await createOne({ name });
    expect(await names()).toEqual(["c", "a", "b"]);
    expect(await names({ limit: 1, offset: 1 })).toEqual(["a"]);
    expect(await names({ offset: 3 })).toEqual([]);
    expect(await names({ limit: 4_294_967_295, offset: 2 })).toEqual(["b"]);
  });

  test("a selector chooses by label", async () => {
    await createOne({ name: "a", labels: { team: "red" } });
    await createOne({ name: "b", labels: { team: "blue" } });
    await createOne({ name: "c" });
    expect(await names({ labelSelector: "team=red" })).toEqual(["a"]);
    expect(await names({ labelSelector: "team!=red" })).toEqual(["b", "c"]);
    expect(await names({ labelSelector: "!team" })).toEqual(["c"]);
  });

  test.each([
    ["a selector that is none", { labelSelector: "a b" }, "invalid_argument"],
    ["a workspace that cannot be one", { workspace: "A" }, "invalid_argument"],
    ["a workspace that is not there", { workspace: "other" }, "not_found"],
  ])("%s is refused", async (_what, request, code) => {
    await expect(names(request)).rejects.toMatchObject({ code });
  });

  test("all workspaces are for administrators", async () => {
    await createOne({ name: "a" });
    const plain = userPrincipal({ roles: ["openshell-user"] });
    await expect(names({ allWorkspaces: true }, plain)).rejects.toMatchObject({
      code: "permission_denied",
      message: "platform admin role required for cross-workspace operations",
    });
    expect(await names({}, plain)).toEqual(["a"]);
    expect(await names({ allWorkspaces: true })).toEqual(["a"]);
  });
});

describe("WatchSandbox", () => {
  function watch(
    sandbox: ScopedSandbox,
    request: MessageInitShape<typeof WatchSandboxRequestSchema>,
    signal = new AbortController().signal,
  ) {
    const asked = create(WatchSandboxRequestSchema, { id: sandbox.id, ...request });
    const stream = handlers.watchSandbox(asked, { ...call(), sandbox, signal })[Symbol.asyncIterator]();
    const next = async (): Promise<SandboxStreamEvent["payload"] | "end"> => {
      const { done, value } = await stream.next();
      return done ? "end" : create(SandboxStreamEventSchema, value).payload;
    };
    return { next, leave: () => stream.return?.() };
  }
  const phase = (payload: Awaited<ReturnType<ReturnType<typeof watch>["next"]>>) =>
    payload !== "end" && payload.case === "sandbox" ? payload.value.status?.phase : payload;
  const line = (payload: Awaited<ReturnType<ReturnType<typeof watch>["next"]>>) =>
    payload !== "end" && payload.case === "log" ? payload.value.message : payload;
  const say = (sandbox: ScopedSandbox, ...messages: string[]) =>
    logs.append(
      sandbox.id,
      "sandbox",
      messages.map((message) => ({ message, level: "INFO", timestampMs: 1000n })),
    );

  test("the sandbox comes first as it is, then after each change", async () => {
    const { scope } = await createOne();
    const { next } = watch(scope, { followStatus: true });
    expect(phase(await next())).toBe(SandboxPhase.PROVISIONING);
    world.registry.sessionStarted(scope.id, "i");
    expect(phase(await next())).toBe(SandboxPhase.READY);
    world.registry.sessionEnded(scope.id);
    expect(phase(await next())).toBe(SandboxPhase.PROVISIONING);
  });

  test("changes of other sandboxes are none of its business", async () => {
    const [{ scope }, other] = [await createOne({ name: "a" }), await createOne({ name: "b" })];
    const { next } = watch(scope, { followStatus: true, followLogs: true });
    await next();
    world.registry.sessionStarted(other.scope.id, "i");
    say(other.scope, "not yours");
    say(scope, "yours");
    expect(line(await next())).toBe("yours");
  });

  test("it ends when the sandbox is deleted, after saying that it is", async () => {
    const { scope } = await createOne();
    const { next } = watch(scope, { followStatus: true });
    await next();
    await world.lifecycle.remove(scope.id, userPrincipal());
    const seen: unknown[] = [];
    for (let payload = phase(await next()); payload !== "end"; payload = phase(await next())) seen.push(payload);
    expect(new Set(seen)).toEqual(new Set([SandboxPhase.DELETING]));
  });

  test("with stop_on_terminal it ends once the sandbox is ready", async () => {
    const { scope } = await createOne();
    const { next } = watch(scope, { followStatus: true, stopOnTerminal: true });
    expect(phase(await next())).toBe(SandboxPhase.PROVISIONING);
    world.registry.sessionStarted(scope.id, "i");
    expect([phase(await next()), await next()]).toEqual([SandboxPhase.READY, "end"]);
  });

  test("with stop_on_terminal it ends at once where the sandbox is ready already", async () => {
    const { scope } = await createOne();
    world.registry.sessionStarted(scope.id, "i");
    const { next } = watch(scope, { followStatus: true, followLogs: true, logTailLines: 5, stopOnTerminal: true });
    expect([phase(await next()), await next()]).toEqual([SandboxPhase.READY, "end"]);
  });

  test("lines come after the newest ones that it asked for, in their order", async () => {
    const { scope } = await createOne();
    say(scope, "one", "two", "three");
    const { next } = watch(scope, { followLogs: true, logTailLines: 2 });
    say(scope, "four");
    expect([line(await next()), line(await next()), line(await next())]).toEqual(["two", "three", "four"]);
  });

  test("without a word on older lines only new ones come, and only those that it wants", async () => {
    const { scope } = await createOne();
    say(scope, "old");
    const { next } = watch(scope, { followLogs: true, logMinLevel: "warn" });
    say(scope, "too quiet");
    logs.append(scope.id, "sandbox", [{ message: "loud", level: "ERROR", timestampMs: 1000n }]);
    expect(line(await next())).toBe("loud");
  });

  test("a level that nobody knows is refused", async () => {
    const { scope } = await createOne();
    expect(() => watch(scope, { followLogs: true, logMinLevel: "shouting" })).toThrow(/min_level/);
  });

  test("a watcher that is too slow loses lines, is told how many, and still sees the status", async () => {
    const { scope } = await createOne();
    const { next } = watch(scope, { followStatus: true, followLogs: true });
    for (let n = 0; n < 2000; n += 1) say(scope, `line ${n}`);
    world.registry.sessionStarted(scope.id, "i");
    const first = await next();
    expect(first).toMatchObject({
      case: "warning",
      value: { message: expect.stringMatching(/^978 log lines were lost/) },
    });
    expect(phase(await next())).toBe(SandboxPhase.PROVISIONING);
    expect(line(await next())).toBe("line 978");
  });

  test("what follows nothing ends at once", async () => {
    const { scope } = await createOne();
    expect(await watch(scope, {}).next()).toBe("end");
  });

  test.each([
    ["leaves", async (leave: () => unknown, _abort: AbortController) => void (await leave())],
    ["is cut off", async (_leave: () => unknown, abort: AbortController) => abort.abort()],
  ])("a watcher that %s while nothing happens lets go of everything", async (_what, go) => {
    const { scope } = await createOne();
    const abort = new AbortController();
    const { next, leave } = watch(scope, { followLogs: true }, abort.signal);
    const waiting = next();
    await go(leave, abort);
    expect(await waiting).toBe("end");
    expect(logs.stats().listeners).toBe(0);
  });
});
