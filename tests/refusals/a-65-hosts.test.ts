import { describe, expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { config, frame, grpcHeaders } from "../protocols/support/http2-client.ts";
import { raw, statusOf } from "../protocols/support/raw-http1.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

const body = JSON.stringify({ sandboxId });
const request = (target: string, headers: string[], token = "sandbox") =>
  [
    `POST ${target} HTTP/1.1`,
    ...headers,
    ...(token ? [`authorization: Bearer ${token}`] : []),
    "content-type: application/json",
    "connection: close",
    `content-length: ${body.length}`,
    "",
    body,
  ].join("\n");

test.each(["http://gw.example", "HTTP://GW.example", "https://gw.example"])(
  "A-65: a URL in absolute form (%s) gets what its path gets, authenticated alike",
  async (origin) => {
    await using fixture = await startFrontDoor();
    expect(statusOf(await raw(fixture, request(`${origin}${config}`, ["host: gw.example"])))).toBe(200);
    expect(statusOf(await raw(fixture, request(`${origin}${config}`, ["host: gw.example"], "")))).toBe(401);
    expect(fixture.arrivals).toMatchObject([{ host: "gw.example" }, { host: "gw.example" }]);
  },
);

test.each([
  ["a URL that names another host", `http://evil.example${config}`, ["host: gw.example"]],
  ["a URL with a user", `http://gw.example@evil.example${config}`, ["host: gw.example"]],
  ["a URL of another scheme", `file://gw.example${config}`, ["host: gw.example"]],
  ["two Hosts", config, ["host: gw.example", "host: evil.example"]],
  ["one Host twice", config, ["host: gw.example", "Host: gw.example"]],
  ["no Host", config, []],
  ["an empty Host", config, ["host:"]],
  ["a Host that is none", config, ["host: a b"]],
  ["a Host with a path", config, ["host: a/b"]],
  ["a Host with a user", config, ["host: user@a"]],
  ["two Hosts in one", config, ["host: a, b c"]],
])("A-65: %s is refused", async (_what, target, headers) => {
  await using fixture = await startFrontDoor();
  expect(statusOf(await raw(fixture, request(target, headers)))).toBe(400);
  expect(fixture.arrivals).toEqual([]);
});

const named = frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]));

describe.each(bothWays)("A-65: over HTTP/2 on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test.each([
    ["another host than :authority", { ":authority": "gw.example", host: "evil.example" }, "3"],
    ["the host that :authority names", { ":authority": "gw.example", host: "gw.example" }, "0"],
  ])("a request with %s", async (_what, hosts, expected) => {
    const headers = grpcHeaders(config, { ...hosts, authorization: "Bearer sandbox" });
    expect((await door.ask(headers, named)).trailers["grpc-status"]).toBe(expected);
    expect(door.news().arrivals).toHaveLength(expected === "0" ? 1 : 0);
  });
});
