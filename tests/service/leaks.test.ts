import { create, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GetSandboxConfigRequestSchema } from "../../gen/openshell/sandbox/v1/config_pb.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { callUnary, openConnection } from "../bench/grpc.ts";
import { LargeSession, large } from "./leaks/large-messages.ts";
import { type Sandbox, Supervisors } from "./leaks/supervisors.ts";
import { UnaryCalls } from "./leaks/unary-calls.ts";
import { type Held, WatchedGateway } from "./leaks/watched-gateway.ts";
import { halfClose, headersFrame, Wire } from "./leaks/wire.ts";

const patienceMs = 300_000;
/** Few, so that the newest lines of their logs are as many as are kept after 8,000 sessions. */
const sandboxCount = 8;
/** Node reads sockets into buffers of this size, and has one or two at hand. */
const oneReadBytes = 65_536;

let gateway: WatchedGateway;
let sandboxes: Sandbox[];
/** Before the first session. */
let atFirst: Awaited<ReturnType<typeof leftAtRest>>;

beforeAll(async () => {
  gateway = await WatchedGateway.start();
  const sessionManager = new Http2SessionManager(gateway.url);
  const client = createClient(OpenShell, createGrpcTransport({ baseUrl: gateway.url, sessionManager }));
  const creations = Array.from({ length: sandboxCount }, () => client.createSandbox({ spec: {} }));
  sandboxes = (await Promise.all(creations)).map(({ sandbox }) => ({
    id: sandbox?.metadata?.id ?? "",
    name: sandbox?.metadata?.name ?? "",
  }));
  sessionManager.abort();
  atFirst = await leftAtRest();
}, patienceMs);
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** What there is while nothing happens. */
async function leftAtRest() {
  // The one timer that all unary calls share goes on until it finds that there are none.
  await gateway.advance(60_000);
  return { ...(await gateway.open()), ...(await gateway.ask("left")) };
}

async function times(count: number, act: () => Promise<void>): Promise<void> {
  for (let done = 0; done < count; done++) await act();
}

/**
 * Whatever is kept of a call is an object at least, and be it a closure, so the growth of their number shows one that is
 * kept of every hundredth call. What counts and caches of bounded size do in between is less. Bytes show texts that are
 * kept, of which an id of a session would be 56: they are coarser, as code comes and goes with them, and room that grows
 * by halves.
 */
function expectNoGrowth(before: Held, after: Held, calls: number): void {
  expect((after.objects - before.objects) / calls).toBeLessThan(0.01);
  expect((after.heapBytes - before.heapBytes) / calls).toBeLessThan(20);
  expect(after.bufferBytes - before.bufferBytes).toBeLessThan(2 * oneReadBytes);
}

/** The least that is held after so many times: what is kept for good is there each time, what comes and goes is not. */
async function leastOf(count: number, act: () => Promise<void>): Promise<Held> {
  const all: Held[] = [];
  await times(count, async () => {
    await act();
    all.push(await gateway.ask("held"));
  });
  const least = (name: keyof Held) => Math.min(...all.map((held) => held[name]));
  return { heapBytes: least("heapBytes"), bufferBytes: least("bufferBytes"), objects: least("objects") };
}

test(
  "20,000 sessions of supervisors that come and go in every way leave nothing behind",
  async () => {
    const supervisors = await Supervisors.of(gateway, sandboxes);
    /** 126 waves: 1,008 sessions. */
    const block = async () => {
      await times(40, () => supervisors.halfClose());
      await times(25, () => supervisors.reset());
      await times(25, () => supervisors.supersede());
      await times(8, () => supervisors.destroyConnection());
      await times(2, () => supervisors.revoke());
      await supervisors.expire();
    };
    await times(8, block);
    const half = await leastOf(2, block);
    const began = supervisors.ended.total;
    await times(7, block);
    expectNoGrowth(half, await leastOf(3, block), supervisors.ended.total - began);
    supervisors[Symbol.dispose]();
    expect(supervisors.ended.total).toBeGreaterThan(20_000);
    expect(await gateway.calls("ConnectSupervisor")).toEqual(supervisors.ended.counts);
  },
  patienceMs,
);

test(
  "20,000 unary calls that are answered, refused, overdue, reset and left alone leave nothing behind",
  async () => {
    const [own, other] = sandboxes.map(({ id }) => id);
    const token = (await gateway.ask("tokens"))[own ?? ""] ?? "";
    const calls = new UnaryCalls(gateway, token, own ?? "", other ?? "");
    await times(10, () => calls.ofEachKind());
    const half = await gateway.ask("held");
    await times(10, () => calls.ofEachKind());
    expectNoGrowth(half, await gateway.ask("held"), calls.ended.total / 2);
    expect(calls.ended.total).toBe(20_000);
    const { canceled = 0, invalid_argument: incomplete = 0, ...told } = await gateway.calls("GetSandboxConfig");
    const { reset, left: alone, ...expected } = calls.ended.counts;
    expect(told).toEqual(expected);
    // Nobody is told how a call ended that was reset in the middle of its message: its message was not complete, either.
    expect(canceled + incomplete).toBe((reset ?? 0) + (alone ?? 0));
  },
  patienceMs,
);

describe("when all of them are over", () => {
  test("there are as many sessions, leases, streams, sockets, timers and handles as at first", async () => {
    await expect.poll(leftAtRest, { timeout: 30_000 }).toEqual(atFirst);
  });

  test("a sandbox may have as many streams as before, and not one more", async () => {
    const [{ id } = { id: "" }] = sandboxes;
    const headers = headersFrame("PushSandboxLogs", (await gateway.ask("tokens"))[id]);
    using wire = await Wire.open(gateway.url);
    const streams = Array.from({ length: 17 }, () => wire.begin([headers]));
    await wire.ended(streams.slice(16));
    for (const stream of streams.slice(0, 16)) wire.send(stream, [halfClose]);
    await wire.ended(streams.slice(0, 16));
    expect(await gateway.calls("PushSandboxLogs")).toEqual({ resource_exhausted: 1, invalid_argument: 16 });
  });

  test("nothing of a message of 1 MiB is kept: not of a call that is answered, nor of a session that goes on", async () => {
    const [{ id: sandboxId } = { id: "" }] = sandboxes;
    const token = (await gateway.ask("tokens"))[sandboxId] ?? "";
    using connection = await openConnection(gateway.url);
    const request = toBinary(GetSandboxConfigRequestSchema, create(GetSandboxConfigRequestSchema, { sandboxId }));
    const call = (message: Uint8Array) => callUnary(connection, { method: "GetSandboxConfig", token, message });
    await call(large(request));
    const before = await gateway.ask("buffers");
    await call(large(request));
    expect(await gateway.ask("buffers")).toBeLessThan(before + oneReadBytes);

    const session = await LargeSession.open(connection, sandboxId, token);
    await session.heartbeat("large");
    // What was said last may be held until something else is said.
    await session.heartbeat("usual");
    expect(await gateway.ask("buffers")).toBeLessThan(before + oneReadBytes);
    session.end();
    await session.ended;
  });

  test("a drain finds no call to wait for", async () => {
    expect(await gateway.ask("drain")).toBeUndefined();
  });
});
