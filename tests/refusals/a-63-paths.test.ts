import { expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, config, frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";
import { post, raw, statusOf } from "../protocols/support/raw-http1.ts";

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

test.each(paths)("A-63: over HTTP/2 %s reaches no handler, and gets a gRPC status", async (path) => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const { headers } = await ask(
    session,
    grpcHeaders(path, { authorization: "Bearer sandbox" }),
    frame(Buffer.alloc(0)),
  );
  expect(headers[":status"]).toBe(200);
  expect(headers["grpc-status"]).toBe(isDecodable(path) ? "12" : "3");
  expect(fixture.arrivals).toEqual([]);
});

test.each(["no/slash", "", "http://a/b"])("A-63: a :path of %j over HTTP/2 is reset or refused", async (path) => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const { headers, rstCode } = await ask(session, grpcHeaders(path), frame(Buffer.alloc(0)));
  expect(rstCode !== 0 || headers["grpc-status"] === "3" || headers["grpc-status"] === "12").toBe(true);
  expect(fixture.records).toEqual([]);
});

function isDecodable(path: string): boolean {
  try {
    return decodeURI(path) !== undefined;
  } catch {
    return false;
  }
}
