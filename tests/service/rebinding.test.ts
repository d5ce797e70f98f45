import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { exchange1, type HeaderLines } from "../support/http-exchange.ts";
import { bearer, pathTo, protocols } from "../support/protocols.ts";

/**
 * What a page in the developer's own browser can do against a gateway on loopback (requirement A6): it sends its own name
 * as Host once that name is rebound to 127.0.0.1, and its own Origin in any case.
 */
let gateway: TestGateway;
let port: string;

beforeAll(async () => {
  gateway = await startTestGateway({ settings: { developmentUser: { hosts: ["gateway.internal"] } } });
  port = new URL(gateway.url).port;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { listSandboxes, createSandbox, getSandboxConfig } = OpenShell.method;
const refused = { code: "unauthenticated", message: "missing authorization header", answers: [] };

const strangeHosts = [
  "evil.example",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "evil-localhost",
  "localhost.",
  "gateway.internal.evil.example",
  "0.0.0.0",
  "192.0.2.1",
  "[::ffff:c000:201]",
];
const ownHosts = ["127.0.0.1", "localhost", "LOCALHOST", "127.9.9.9", "[::1]", "gateway.internal"];

describe.each(protocols)("over $name", (protocol) => {
  const hostLine = (host: string): readonly [string, string] => [
    protocol.name === "gRPC" ? ":authority" : "host",
    host,
  ];
  const list = (...headers: HeaderLines) => protocol.call(gateway.url, listSandboxes, [{}], { headers });

  test.each(strangeHosts)("a page whose name %s was rebound to loopback is not the development user", async (host) => {
    for (const authority of [host, `${host}:${port}`]) {
      const answer = await list(hostLine(authority), ["origin", `http://${authority}`]);
      expect(["unauthenticated", "invalid_argument"], `${authority}: ${answer.code}`).toContain(answer.code);
      expect(answer.answers).toEqual([]);
    }
  });

  test.each(ownHosts)("the development user may call the gateway %s", async (host) => {
    expect(await list(hostLine(`${host}:${port}`))).toMatchObject({ code: "ok" });
  });

  test.each([
    "http://evil.example",
    "https://127.0.0.1",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://localhost.evil.example",
    "null",
    "",
    "file://",
    "chrome-extension://abcdefghijklmnop",
  ])("a page of origin %j is not the development user", async (origin) => {
    expect(await list(["origin", origin])).toMatchObject(refused);
  });

  test("a page that the gateway itself served is", async () => {
    expect(await list(["origin", `http://127.0.0.1:${port}`])).toMatchObject({ code: "ok" });
    expect(await list(hostLine(`localhost:${port}`), ["origin", `http://localhost:${port}`])).toMatchObject({
      code: "ok",
    });
    expect(await list(hostLine(`localhost:${port}`), ["origin", `http://127.0.0.1:${port}`])).toMatchObject(refused);
  });

  test("nothing that such a page asks for is done", async () => {
    const name = `by-page-${protocol.name.toLowerCase()}`;
    const headers: HeaderLines = [["origin", "http://evil.example"]];
    expect(await protocol.call(gateway.url, createSandbox, [{ name }], { headers })).toMatchObject(refused);
    const { sandboxes } = await gateway.client().listSandboxes({});
    expect(sandboxes.map(({ metadata }) => metadata?.name)).not.toContain(name);
  });

  test("a sandbox's token is good whatever Host it comes with", async () => {
    const { id, token } = await gateway.createSandbox();
    const headers: HeaderLines = [...bearer(await token()), hostLine("host.openshell.internal")];
    const call = protocol.call(gateway.url, getSandboxConfig, [{ sandboxId: id }], { headers });
    expect(await call).toMatchObject({ code: "ok" });
  });
});

test("a request over HTTP/1.1 without any Host is refused", async () => {
  const { status } = await exchange1(gateway.url, {
    path: pathTo(listSandboxes),
    headers: [
      ["content-type", "application/json"],
      ["host", ""],
    ],
    body: Buffer.from("{}"),
  });
  expect(status).toBe(400);
});

test.each([
  ["its own name", ":authority", "evil.example", 401],
  ["its own name as Host alone", "host", "evil.example", 401],
  ["no name at all", undefined, "", "reset"],
])("a page that speaks HTTP/2 and sends %s is not the development user", async (_, name, value, status) => {
  const named: HeaderLines = name === undefined ? [] : [[name, value]];
  expect(await bareHttp2Status(named)).toBe(status);
});

test("the same bytes with a loopback name are served", async () => {
  expect(await bareHttp2Status([[":authority", `127.0.0.1:${port}`]])).toBe(200);
});

/** The status of ListSandboxes over HTTP/2 in bytes of our own: no client library leaves the host out. */
function bareHttp2Status(named: HeaderLines): Promise<number | "reset"> {
  const path = pathTo(listSandboxes);
  const pseudo: HeaderLines = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
  ];
  const authority = named.filter(([name]) => name.startsWith(":"));
  const plain = named.filter(([name]) => !name.startsWith(":"));
  const fields: HeaderLines = [...pseudo, ...authority, ...plain, ["content-type", "application/json"]];
  const [endHeaders, endStream] = [4, 1];
  const request = Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    frame(4, 0, 0, Buffer.alloc(0)),
    frame(1, endHeaders, 1, Buffer.concat(fields.map(([name, value]) => literal(name, value)))),
    frame(0, endStream, 1, Buffer.from("{}")),
  ]);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(request));
    let received = Buffer.alloc(0);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the connection ended without an answer")));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const status = statusIn(received);
      if (status === undefined) return;
      resolve(status);
      socket.destroy();
    });
  });
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header field as HPACK has it without index and compression (RFC 7541, section 6.2.2); both texts are short. */
const literal = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);

/** How the statuses are spelled first thing in a HEADERS frame (RFC 7541, appendices A and B). */
const statuses = new Map([
  ["88", 200],
  ["8c", 400],
  ["48826801", 401],
]);

/** The status in the first HEADERS frame, or that the stream was reset, once either is there. */
function statusIn(bytes: Buffer): number | "reset" | undefined {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    const [type, block] = [bytes.readUInt8(at + 3), bytes.subarray(at + 9, at + 9 + bytes.readUIntBE(at, 3))];
    if (type === 3) return "reset";
    if (type !== 1) continue;
    return [...statuses].find(([spelled]) => block.toString("hex").startsWith(spelled))?.[1] ?? Number.NaN;
  }
  return undefined;
}
