import { describe, expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, config, frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";
import { post, raw, statusOf } from "../protocols/support/raw-http1.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

const service = "openshell.v1.OpenShell";
const paths = [
  `/${config}`,
  `${config}/`,
  `${config}//`,
  config.toLowerCase(),
  `/${service}%2FGetSandboxConfig`,
  `/${service}%2fGetSandboxConfig`,
  `/${service}/%47etSandboxConfig`,
  `/openshell%2Ev1.OpenShell/GetSandboxConfig`,
  `${config};x=1`,
  `${config}%00`,
  `${config}%20`,
  `${config}.`,
  `/x/..${config}`,
  `/${service}/../${service}/GetSandboxConfig`,
  `/./${service}/GetSandboxConfig`,
  `/${service}/./GetSandboxConfig`,
  `/${service}\\GetSandboxConfig`,
  `/${service}`,
  `/${service}/`,
  `/${service}/__proto__`,
  `/${service}/constructor`,
  `/${service}/GetSandboxConfig%`,
  "/%ff%fe",
];
const body = JSON.stringify({ sandboxId });

test.each(paths)("A-63: over HTTP/1.1 %s reaches no handler and no authenticator", async (path) => {
  await using fixture = await startFrontDoor();
  const answer = await raw(fixture, post(path, body, "authorization: Bearer sandbox"));
  expect([400, 404]).toContain(statusOf(answer));
  expect(fixture.arrivals).toEqual([]);
  expect(fixture.records).toEqual([]);
});

describe.each(bothWays)("A-63: over HTTP/2 on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test.each(paths)("%s reaches no handler, and gets a gRPC status", async (path) => {
    const headers = grpcHeaders(path, { authorization: "Bearer sandbox" });
    const answer = await door.ask(headers, frame(Buffer.alloc(0)));
    expect(answer.headers[":status"]).toBe(200);
    expect(answer.headers["grpc-status"]).toBe(isDecodable(path) ? "12" : "3");
    expect(door.news()).toEqual({ records: [], lines: [], arrivals: [] });
  });

  test.each(["no/slash", "", "http://a/b"])("a :path of %j is reset or refused", async (path) => {
    await using session = http2Session(door.fixture.url);
    const { headers, rstCode } = await ask(session, grpcHeaders(path), frame(Buffer.alloc(0)));
    expect(rstCode !== 0 || headers["grpc-status"] === "3" || headers["grpc-status"] === "12").toBe(true);
    expect(door.news().records).toEqual([]);
  });

  test("a query changes nothing about who may call what", async () => {
    const path = `${config}?authorization=Bearer%20sandbox`;
    const { trailers } = await door.ask(grpcHeaders(path), frame(Buffer.alloc(0)));
    expect(trailers["grpc-status"]).toBe("16");
  });
});

function isDecodable(path: string): boolean {
  try {
    return decodeURI(path) !== undefined;
  } catch {
    return false;
  }
}
