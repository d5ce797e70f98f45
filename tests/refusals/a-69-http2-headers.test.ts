import { describe, expect, test } from "vitest";
import type { Fixture } from "../protocols/support/fixture.ts";
import { config, frame, health } from "../protocols/support/http2-client.ts";
import { framesIn, frameTypes, opening, type ReceivedFrame, requestOf } from "../protocols/support/http2-frames.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

type Lines = readonly (readonly [string, string])[];

const good: Lines = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", health],
  [":authority", "gw.example"],
  ["content-type", "application/grpc"],
  ["te", "trailers"],
];
const without = (name: string): Lines => good.filter(([each]) => each !== name);
const withLine = (name: string, value: string): Lines => [...good, [name, value]];
const changed = (name: string, value: string): Lines => good.map((line) => (line[0] === name ? [name, value] : line));

/** The frames that a request of these lines is answered with, up to the first that says how it ended. */
async function answersTo(fixture: Fixture, lines: Lines): Promise<ReceivedFrame[]> {
  const socket = await fixture.socket();
  const isLast = ({ type, stream }: ReceivedFrame) =>
    type === frameTypes.goaway || (stream === 1 && (type === frameTypes.reset || type === frameTypes.headers));
  let bytes = Buffer.alloc(0);
  const answered = new Promise<ReceivedFrame[]>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (framesIn(bytes).some(isLast)) resolve(framesIn(bytes));
    });
    socket.once("close", () => resolve(framesIn(bytes)));
  });
  socket.on("error", () => undefined);
  socket.write(Buffer.concat([opening, requestOf(1, lines, frame(Buffer.alloc(0)))]));
  const frames = await answered;
  socket.destroy();
  return frames;
}

const isRefusal = ({ type, payload }: ReceivedFrame) =>
  (type === frameTypes.reset && payload.readUInt32BE(0) > 0) ||
  (type === frameTypes.goaway && payload.readUInt32BE(4) > 0);

describe.each(bothWays)("A-69: over HTTP/2 on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test.each<[string, Lines]>([
    ["a field of HTTP/1.1's connections", withLine("connection", "keep-alive")],
    ["a Transfer-Encoding", withLine("transfer-encoding", "chunked")],
    ["an Upgrade", withLine("upgrade", "h2c")],
    ["te with anything but trailers", changed("te", "gzip")],
    ["te with more than trailers", changed("te", "trailers, gzip")],
    ["a name in upper case", withLine("X-Upper", "1")],
    ["a pseudo-header that does not exist", withLine(":token", "user")],
    ["a pseudo-header behind the others", [...without(":path"), [":path", health]]],
    ["a pseudo-header of answers", [[":status", "200"], ...good]],
    ["two :methods", [[":method", "GET"], ...good]],
    ["two :paths", [[":path", "/openshell.v1.OpenShell/GetSandboxConfig"], ...good]],
    ["two :authorities", [[":authority", "evil.example"], ...good]],
    ["no :method", without(":method")],
    ["no :path", without(":path")],
    ["no :scheme", without(":scheme")],
    ["an empty :path", changed(":path", "")],
    ["an :authority with a user", changed(":authority", "user@gw.example")],
    ["a Content-Length that its body has not", withLine("content-length", "4")],
    ["two Content-Lengths", [...withLine("content-length", "5"), ["content-length", "6"]]],
    ["a signed Content-Length", withLine("content-length", "+5")],
  ])("a request with %s is malformed, and gets no answer", async (_what, lines) => {
    const frames = await answersTo(door.fixture, lines);
    expect(frames.some(isRefusal)).toBe(true);
    expect(frames.filter(({ type }) => type === frameTypes.headers)).toEqual([]);
    expect(door.news().records.filter(({ code }) => code === "ok")).toEqual([]);
  });

  test.each([
    ["an empty name", ""],
    ["a name with a space", "authorization "],
    ["a name with a line end", "x\r\nauthorization"],
    ["a name with a colon", "authorization:"],
  ])("%s becomes no credential", async (_what, name) => {
    await answersTo(door.fixture, [...changed(":path", config), [name, "Bearer sandbox"]]);
    await expect.poll(() => door.news().records).toMatchObject([{ reason: "credential-missing" }]);
  });

  test.each<[string, Lines]>([
    ["all that there should be", good],
    ["a Content-Length that its body has", withLine("content-length", "5")],
    ["a host in place of :authority", [...without(":authority"), ["host", "gw.example"]]],
    ["te in capitals", changed("te", "Trailers")],
  ])("a request with %s is a call", async (_what, lines) => {
    const frames = await answersTo(door.fixture, lines);
    expect(frames.filter(isRefusal)).toEqual([]);
    await expect.poll(() => door.news().records).toMatchObject([{ code: "ok" }]);
  });

  test("a request with neither an :authority nor a host reaches no handler", async () => {
    await answersTo(door.fixture, without(":authority"));
    expect(door.news().records).toEqual([]);
  });
});
