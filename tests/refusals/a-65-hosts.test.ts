import { connect } from "node:http2";
import { expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { config, frame, grpcHeaders } from "../protocols/support/http2-client.ts";
import { raw, statusOf } from "../protocols/support/raw-http1.ts";

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

test.each([
  ["another host than :authority", "evil.example", "3"],
  ["the host that :authority names", "gw.example", "0"],
])("A-65: over HTTP/2, a Host with %s", async (_what, host, expected) => {
  await using fixture = await startFrontDoor();
  const session = connect(fixture.url);
  const headers = grpcHeaders(config, { ":authority": "gw.example", host, authorization: "Bearer sandbox" });
  const stream = session.request(headers);
  const status = new Promise((resolve) => {
    stream.once("response", (response) => response["grpc-status"] && resolve(response["grpc-status"]));
    stream.once("trailers", (trailers) => resolve(trailers["grpc-status"]));
  });
  stream.resume().end(frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)])));
  expect(await status).toBe(expected);
  session.destroy();
});
