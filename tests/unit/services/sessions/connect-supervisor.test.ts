import { create, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, test } from "vitest";
import { openShellAuthorization } from "../../../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../../../gen/openshell/v1/openshell_pb.ts";
import { type SupervisorMessage, SupervisorMessageSchema } from "../../../../gen/openshell/v1/supervisor_pb.ts";
import { type Answer, defineService, unimplemented } from "../../../../src/access/index.ts";
import { newSandboxId, type SandboxId } from "../../../../src/core/ids.ts";
import { silentLog } from "../../../../src/core/log.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import { createLogBuffer, type LogBuffer } from "../../../../src/services/logs/index.ts";
import { createSessionHandlers, Sessions } from "../../../../src/services/sessions/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { sandboxPrincipal } from "../../../support/principals.ts";

const a = { id: newSandboxId(), name: "alpha", workspace: "default" };
const b = { id: newSandboxId(), name: "beta", workspace: "default" };
const interval = 15_000;

let clock: FakeClock;
let logs: LogBuffer;
let sessions: Sessions;
let presence: string[];
let refuseStart: Refusal | undefined;

beforeEach(() => {
  clock = new FakeClock();
  logs = createLogBuffer({ clock, isKnown: () => true });
  presence = [];
  refuseStart = undefined;
  sessions = new Sessions({
    ...{ clock, logs, log: silentLog },
    presence: {
      sessionStarted(id, instanceId) {
        if (refuseStart) throw refuseStart;
        presence.push(`${nameOf(id)} ${instanceId}`);
      },
      sessionEnded: (id) => presence.push(`${nameOf(id)} gone`),
    },
  });
});

const nameOf = (id: SandboxId) => (id === a.id ? "a" : "b");

type Payload = NonNullable<MessageInitShape<typeof SupervisorMessageSchema>["payload"]>;

const hello = (instanceId = "one", sandboxId: string = a.id): Payload => ({
  case: "hello",
  value: { sandboxId, instanceId },
});
const heartbeat: Payload = { case: "heartbeat", value: {} };

/** A supervisor whose call has the real guard around it. */
function connect(sandbox = a, ...first: Payload[]) {
  const incoming = new TransformStream<Message>();
  const writer = incoming.writable.getWriter();
  const lease = new AbortController();
  const notBuilt = Object.fromEntries(OpenShell.methods.map(({ localName }) => [localName, unimplemented])) as {
    readonly [K in keyof typeof OpenShell.method]: typeof unimplemented;
  };
  const service = defineService(OpenShell, openShellAuthorization, {
    ...notBuilt,
    ...createSessionHandlers({ sessions }),
  }).bind({
    directory: { byId: (id) => [a, b].find((known) => known.id === id), byName: () => undefined },
    roles: { adminRole: "admin", userRole: "user", enforceScopes: false },
    openLease: () => ({ signal: lease.signal, [Symbol.dispose]: () => undefined }),
    audit: () => undefined,
    ...{ clock, firstFrameMs: 10_000 },
  });
  const method = service.methods.find(({ method: { localName } }) => localName === "connectSupervisor");
  if (method?.kind !== "bidi_streaming") throw new Error("no such method");
  const entry = {
    principal: sandboxPrincipal(sandbox.id),
    signal: new AbortController().signal,
    metadata: { get: () => undefined },
    peer: "127.0.0.1",
  };
  const answers = method.invoke(incoming.readable, entry)[Symbol.asyncIterator]();
  const send = (payload: Payload) =>
    void writer.write(create(SupervisorMessageSchema, { payload })).catch(() => undefined);
  for (const payload of first) send(payload);
  return {
    send,
    lease,
    close: () => writer.close(),
    reset: (reason: unknown) => writer.abort(reason),
    leave: () => answers.return?.(),
    next: async () => describeAnswer(await answers.next()),
  };
}

/** The handler by itself, as a transport without the guard would call it. */
function answersTo(requests: AsyncIterable<SupervisorMessage>) {
  return createSessionHandlers({ sessions }).connectSupervisor(requests, {
    ...{ sandbox: grantScope(a), principal: sandboxPrincipal(a.id) },
    ...{ signal: new AbortController().signal, metadata: { get: () => undefined } },
  });
}

function describeAnswer({ done, value }: IteratorResult<Answer>): string {
  if (done) return "end";
  return (value as { payload: { case: string } }).payload.case;
}

const settled = () => clock.advance(0);

describe("a session", () => {
  test("begins with its acceptance, makes the sandbox ready, and ends with the stream", async () => {
    const supervisor = connect(a, hello());
    expect(await supervisor.next()).toBe("sessionAccepted");
    expect(presence).toEqual(["a one"]);
    expect(sessions.get(a.id)).toMatchObject({ sandboxId: a.id, instanceId: "one" });
    await supervisor.close();
    expect(await supervisor.next()).toBe("end");
    expect(presence).toEqual(["a one", "a gone"]);
    expect(sessions.get(a.id)).toBeUndefined();
  });

  test("says which session it is and how often to beat", async () => {
    async function* requests() {
      yield create(SupervisorMessageSchema, { payload: hello() });
    }
    const payloads = await Array.fromAsync(answersTo(requests()), ({ payload }) => payload);
    expect(payloads).toEqual([
      {
        case: "sessionAccepted",
        value: {
          sessionId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/),
          heartbeatIntervalSecs: 15,
        },
      },
    ]);
  });

  test("has heartbeats from the gateway, one an interval", async () => {
    const supervisor = connect(a, hello());
    await supervisor.next();
    for (let beat = 0; beat < 3; beat += 1) {
      const next = supervisor.next();
      supervisor.send(heartbeat);
      await clock.advance(interval);
      expect(await next).toBe("heartbeat");
    }
  });

  test("takes relay messages, which nothing answers yet", async () => {
    const supervisor = connect(a, hello());
    await supervisor.next();
    supervisor.send({ case: "relayOpenResult", value: { channelId: "c", success: true } });
    supervisor.send({ case: "relayClose", value: { channelId: "c" } });
    await settled();
    expect(sessions.stats().open).toBe(1);
  });

  test("can be sent messages, as many as its queue holds", async () => {
    const supervisor = connect(a, hello());
    await supervisor.next();
    const open = { payload: { case: "relayOpen", value: { channelId: "c" } } } as const;
    const sent = Array.from({ length: 70 }, () => sessions.get(a.id)?.send(open));
    expect(sent.filter(Boolean).length).toBe(64);
    expect(await supervisor.next()).toBe("relayOpen");
  });
});

describe("a first message that is no good is refused, and nothing begins", () => {
  test.each([
    ["a heartbeat", heartbeat, "request-invalid"],
    ["no instance", hello(""), "request-invalid"],
    ["an instance with a space", hello("a b"), "request-invalid"],
    ["an instance with a line break", hello("a\nb"), "request-invalid"],
    ["an instance that is not ASCII", hello("ínstance"), "request-invalid"],
    ["an instance that is too long", hello("i".repeat(129)), "request-invalid"],
    ["A-50: another sandbox's id", hello("one", b.id), "other-sandbox"],
    ["A-52: no sandbox's id", hello("one", ""), "request-invalid"],
  ])("%s", async (_what, first, reason) => {
    const supervisor = connect(a, first);
    await expect(supervisor.next()).rejects.toMatchObject({ reason });
    expect([presence, sessions.stats().open, clock.waiting]).toEqual([[], 0, 0]);
  });

  test("none at all", async () => {
    const supervisor = connect(a);
    const next = supervisor.next();
    const refused = expect(next).rejects.toMatchObject({ reason: "request-invalid" });
    await clock.advance(10_000);
    await refused;
    expect([presence, clock.waiting]).toEqual([[], 0]);
  });

  test("one for a sandbox that may not have a session", async () => {
    refuseStart = new Refusal("state-conflict", { says: "the sandbox is stopped" });
    await expect(connect(a, hello()).next()).rejects.toMatchObject({ message: "the sandbox is stopped" });
    expect([presence, sessions.stats().open, clock.waiting]).toEqual([[], 0, 0]);
  });
});

describe("a session ends once, and leaves nothing, when", () => {
  test.each([
    ["the supervisor closes the stream", (it: Supervisor) => it.close(), "end"],
    ["the connection breaks", (it: Supervisor) => it.reset(new Error("reset")), "internal"],
    ["the answers are not read any more", (it: Supervisor) => it.leave(), "end"],
    ["A-51: a later message names another sandbox", (it: Supervisor) => it.send(hello("one", b.id)), "other-sandbox"],
    ["a second hello comes", (it: Supervisor) => it.send(hello()), "request-invalid"],
    ["its credential ends", (it: Supervisor) => it.lease.abort(new Refusal("token-revoked")), "token-revoked"],
    ["the gateway shuts down", () => sessions[Symbol.dispose](), "shutting-down"],
  ])("%s", async (_what, finish, ending) => {
    const supervisor = connect(a, hello());
    await supervisor.next();
    await finish(supervisor);
    await settled();
    expect(presence).toEqual(["a one", "a gone"]);
    const last = supervisor.next().catch((thrown: unknown) => Refusal.from(thrown).reason);
    expect(await last).toBe(ending);
    await settled();
    expect([presence.length, sessions.stats().open, clock.waiting]).toEqual([2, 0, 0]);
  });

  test("the supervisor falls silent (weakness 20 of the reference)", async () => {
    const supervisor = connect(a, hello());
    await supervisor.next();
    await clock.advance(3 * interval);
    expect(sessions.stats()).toMatchObject({ open: 1, silenced: 0 });
    await clock.advance(interval);
    expect(sessions.stats()).toMatchObject({ open: 0, silenced: 1 });
    expect(presence).toEqual(["a one", "a gone"]);
    await expect(supervisor.next()).rejects.toMatchObject({ reason: "session-lost", code: "unavailable" });
    expect(clock.waiting).toBe(0);
  });

  type Supervisor = ReturnType<typeof connect>;
});

test("a supervisor that beats in time keeps its session, and one heartbeat waits for it however little it reads", async () => {
  const supervisor = connect(a, hello());
  await supervisor.next();
  for (let turn = 0; turn < 20; turn += 1) {
    supervisor.send(heartbeat);
    await clock.advance(interval);
  }
  expect(sessions.stats()).toMatchObject({ open: 1, silenced: 0 });
  sessions.get(a.id)?.send({ payload: { case: "relayOpen", value: { channelId: "c" } } });
  expect([await supervisor.next(), await supervisor.next()]).toEqual(["heartbeat", "relayOpen"]);
});

test("a hello that comes after the caller has gone begins nothing", async () => {
  const hellos = new TransformStream<SupervisorMessage>();
  const answers = answersTo(hellos.readable);
  await answers[Symbol.asyncIterator]().return?.();
  const writer = hellos.writable.getWriter();
  await writer.write(create(SupervisorMessageSchema, { payload: hello() })).catch(() => undefined);
  await settled();
  expect([presence, sessions.stats().open, clock.waiting]).toEqual([[], 0, 0]);
});

describe("a newer session of the same sandbox", () => {
  test("takes the older one's place, and the sandbox is never without", async () => {
    const older = connect(a, hello("one"));
    await older.next();
    const newer = connect(a, hello("two"));
    expect(await newer.next()).toBe("sessionAccepted");
    await expect(older.next()).rejects.toMatchObject({
      reason: "state-conflict",
      message: "superseded by a newer session of this sandbox",
    });
    await settled();
    expect(presence).toEqual(["a one", "a two"]);
    expect(sessions.get(a.id)?.instanceId).toBe("two");
    expect(sessions.stats()).toMatchObject({ open: 1, superseded: 1 });
  });

  test("is seen by whoever reads the sandbox's log (weakness 25 of the reference)", async () => {
    const older = connect(a, hello("one"));
    await older.next();
    await connect(a, hello("two")).next();
    const query = { lines: 0, sinceMs: 0n, sources: ["gateway"], minLevel: "WARN" };
    expect(logs.tail(grantScope(a), query).lines).toMatchObject([
      { message: "supervisor session superseded", fields: { instance: "one", by_instance: "two" } },
    ]);
  });

  test("does not end with the older one", async () => {
    const older = connect(a, hello("one"));
    await older.next();
    const newer = connect(a, hello("one"));
    await newer.next();
    await older.close().catch(() => undefined);
    await settled();
    expect([sessions.stats().open, presence]).toEqual([1, ["a one", "a one"]]);
    await newer.close();
    await settled();
    expect(presence.at(-1)).toBe("a gone");
  });

  test("leaves other sandboxes alone", async () => {
    await connect(a, hello("one")).next();
    await connect(b, hello("one", b.id)).next();
    expect([sessions.stats(), presence]).toEqual([{ open: 2, superseded: 0, silenced: 0 }, ["a one", "b one"]]);
  });
});

test("after the gateway began to shut down no session begins", async () => {
  sessions[Symbol.dispose]();
  await expect(connect(a, hello()).next()).rejects.toMatchObject({ reason: "shutting-down" });
  expect(presence).toEqual([]);
});
