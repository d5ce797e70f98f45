import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { protocols } from "./support/clients.ts";
import { startFrontDoor } from "./support/fixture.ts";

const clientOf = (url: string) => createClient(Health, createGrpcTransport({ baseUrl: url }));
const service = "openshell.v1.OpenShell";

describe.each(protocols)("health over %s", (_name, make) => {
  test("serves the gateway as a whole and each service, to anybody", async () => {
    await using fixture = await startFrontDoor();
    const client = createClient(Health, make(fixture.url));
    for (const name of ["", service, "grpc.health.v1.Health"]) {
      expect(await client.check({ service: name })).toMatchObject({ status: Status.SERVING });
    }
  });
});

test("a probe with a stale credential gets its answer", async () => {
  await using fixture = await startFrontDoor();
  const headers = { authorization: "Bearer expired" };
  expect(await clientOf(fixture.url).check({}, { headers })).toMatchObject({ status: Status.SERVING });
});

test("an unknown service is not found, and watching it says that it is not known", async () => {
  await using fixture = await startFrontDoor();
  const client = clientOf(fixture.url);
  await expect(client.check({ service: "no.Such" })).rejects.toMatchObject({ code: Code.NotFound });
  const { value } = await client.watch({ service: "no.Such" })[Symbol.asyncIterator]().next();
  expect(value).toMatchObject({ status: Status.SERVICE_UNKNOWN });
});

test("all services are listed with their state", async () => {
  await using fixture = await startFrontDoor();
  const { statuses } = await clientOf(fixture.url).list({});
  expect(Object.keys(statuses).sort()).toEqual(["", "grpc.health.v1.Health", service]);
});

test.each([
  ["say no", async () => ({ ready: false, checks: { database: "no connection" } }), { database: "no connection" }],
  ["fail", () => Promise.reject(new Error("secret detail")), { gateway: "the checks failed" }],
])("checks that %s make the gateway not ready", async (_what, readiness, checks) => {
  await using fixture = await startFrontDoor({ readiness });
  expect(await clientOf(fixture.url).check({})).toMatchObject({ status: Status.NOT_SERVING });
  const answer = await fetch(`${fixture.url}/readyz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ status: "unavailable", version: "1.2.3", checks });
});

test("checks that hang make the gateway not ready", async () => {
  const clock = new FakeClock();
  const asked = Promise.withResolvers<void>();
  const readiness = () => {
    asked.resolve();
    return new Promise<never>(() => undefined);
  };
  await using fixture = await startFrontDoor({ clock, readiness });
  const answer = fetch(`${fixture.url}/readyz`);
  await asked.promise;
  await clock.advance(5_000);
  expect((await answer).status).toBe(503);
});

test("many probes at once cost one check", async () => {
  let checks = 0;
  await using fixture = await startFrontDoor({
    readiness: async () => {
      checks++;
      return { ready: true, checks: {} };
    },
  });
  await Promise.all(Array.from({ length: 20 }, () => fetch(`${fixture.url}/readyz`)));
  expect(checks).toBe(1);
});

test("a watch hears of every change, and of nothing else", async () => {
  const clock = new FakeClock();
  let ready = true;
  await using fixture = await startFrontDoor({ clock, readiness: async () => ({ ready, checks: {} }) });
  const watch = clientOf(fixture.url).watch({ service })[Symbol.asyncIterator]();
  expect((await watch.next()).value).toMatchObject({ status: Status.SERVING });
  const heard: unknown[] = [];
  const next = watch.next().then(({ value }) => heard.push(value?.status));
  await clock.advance(10_000);
  expect(heard).toEqual([]);
  ready = false;
  await clock.advance(4_000);
  await next;
  expect(heard).toEqual([Status.NOT_SERVING]);
});

test("watchers are bounded, and make room when they go", async () => {
  await using fixture = await startFrontDoor({ limits: { healthWatchers: 2 } });
  const client = clientOf(fixture.url);
  const leave = new AbortController();
  for (const signal of [leave.signal, new AbortController().signal])
    await client.watch({}, { signal })[Symbol.asyncIterator]().next();
  const third = () => client.watch({})[Symbol.asyncIterator]().next();
  await expect(third()).rejects.toMatchObject({ code: Code.ResourceExhausted });
  leave.abort();
  await expect
    .poll(() =>
      third().then(
        () => "taken",
        () => "refused",
      ),
    )
    .toBe("taken");
});
