import { writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { authority, filesIn, type Identity, issued, type WrittenFiles } from "./support/certificates.ts";
import { as, clientOf, grpcJs, transports } from "./support/clients.ts";
import { type Fixture, type FixtureOptions, received, sandboxId, startFrontDoor } from "./support/fixture.ts";
import { ask, frame, grpcHeaders, health } from "./support/http2-client.ts";

let ca: Identity;
let otherCa: Identity;
let server: Identity;
let client: Identity;
let stranger: Identity;
let directory: ReturnType<typeof temporaryDirectory>;
let files: WrittenFiles;

beforeAll(async () => {
  [ca, otherCa] = await Promise.all([authority("test ca"), authority("another ca")]);
  [server, client, stranger] = await Promise.all([
    issued(ca, "one"),
    issued(ca, "client"),
    issued(otherCa, "stranger"),
  ]);
  directory = temporaryDirectory();
  files = filesIn(directory.path);
  await files.write(server, ca);
});
afterAll(() => directory[Symbol.dispose]());

const start = (clientCertificates?: "optional" | "required", more: FixtureOptions = {}) => {
  const { certFile, keyFile, clientCaFile } = files;
  const tls = clientCertificates ? { certFile, keyFile, clientCaFile, clientCertificates } : { certFile, keyFile };
  return startFrontDoor({ ...more, listeners: [{ tls }] });
};

/** The name in the certificate that a new connection is shown, or why there is no connection. */
function presented({ address }: Fixture, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ port: address.port, host: "127.0.0.1", ca: ca.cert, ...options });
    socket.once("secureConnect", () => {
      // With TLS 1.3 a client learns that its certificate is no good after its handshake: a request shows.
      socket.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    });
    socket.once("data", () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(`${error.code}`));
    socket.once("close", () => resolve("closed"));
  });
}

describe.each(transports)("%s over TLS", (_name, make) => {
  test("is served, and told to be encrypted", async () => {
    await using fixture = await start();
    expect(fixture.url).toMatch(/^https:/);
    await clientOf(make(fixture.url)).getSandboxConfig({ sandboxId }, as("sandbox"));
    expect(fixture.arrivals).toMatchObject([{ encrypted: true, peer: "127.0.0.1" }]);
  });
});

test("gRPC's own client is served over TLS", async () => {
  await using fixture = await start();
  const channel = credentials.createSsl(Buffer.from(ca.cert));
  expect(await grpcJs(fixture.url, OpenShell.method.health, {}, { channel })).toMatchObject({ version: "test" });
});

test.each([["h2"], ["http/1.1"]])("ALPN chooses %s", async (protocol) => {
  await using fixture = await start();
  const socket = connectTls({ port: fixture.address.port, host: "127.0.0.1", ca: ca.cert, ALPNProtocols: [protocol] });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  expect(socket.alpnProtocol).toBe(protocol);
  socket.destroy();
});

test("without ALPN a client speaks HTTP/1.1", async () => {
  await using fixture = await start();
  expect(await presented(fixture)).toBe("one");
  expect(await presented(fixture, { ALPNProtocols: [] })).toBe("one");
});

test("a client that offers nothing that is spoken here is refused", async () => {
  await using fixture = await start();
  expect(await presented(fixture, { ALPNProtocols: ["spdy/3"] })).toMatch(/^(ERR_SSL|ECONNRESET)/);
});

test("TLS 1.1 is refused", async () => {
  await using fixture = await start();
  const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
  expect(await presented(fixture, old)).toMatch(/^(ERR_SSL|ECONNRESET)/);
});

test.each([
  ["HTTP/1.1", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
])("cleartext %s on a TLS port is closed, with a line in the log", async (_name, bytes) => {
  await using fixture = await start();
  const socket = await fixture.socket();
  const closed = received(socket);
  socket.write(bytes);
  await closed;
  expect(fixture.lines.join("\n")).toContain("warn a client did not speak TLS on a TLS port");
});

test("a TLS handshake that is never finished is ended in time", async () => {
  await using fixture = await start(undefined, { limits: { openingMs: 200 } });
  const closed = received(await fixture.socket());
  await closed;
});

describe("client certificates", () => {
  const pair = ({ cert, key }: Identity) => ({ cert, key });

  test.each([
    ["required", "a good one", () => pair(client), "one"],
    ["required", "none", () => ({}), /^(ERR_SSL|ECONNRESET|closed)/],
    ["required", "one of another authority", () => pair(stranger), /^(ERR_SSL|ECONNRESET|closed)/],
    ["optional", "a good one", () => pair(client), "one"],
    ["optional", "none", () => ({}), "one"],
    ["optional", "one of another authority", () => pair(stranger), /^(ERR_SSL|ECONNRESET|closed)/],
  ] as const)("%s: a client with %s", async (mode, _what, options, expected) => {
    await using fixture = await start(mode);
    const seen = await presented(fixture, options());
    if (typeof expected === "string") expect(seen).toBe(expected);
    else expect(seen).toMatch(expected);
  });
});

describe("reload", () => {
  test("a new certificate is served to new connections, and those that stand go on", async () => {
    await using fixture = await start();
    const session = connectHttp2(fixture.url, { ca: ca.cert });
    expect(await presented(fixture)).toBe("one");
    await files.write(await issued(ca, "two"));
    await fixture.door.reloadTls();
    expect(await presented(fixture)).toBe("two");
    const { trailers } = await ask(session, grpcHeaders(health), frame(Buffer.alloc(0)));
    expect(trailers["grpc-status"]).toBe("0");
    session.destroy();
    await files.write(server);
  });

  test("happens by itself within seconds", async () => {
    const clock = new FakeClock();
    await using fixture = await start(undefined, { clock });
    await files.write(await issued(ca, "two"));
    await clock.advance(5_000);
    await expect.poll(() => presented(fixture)).toBe("two");
    await files.write(server);
    await expect.poll(() => clock.waiting).toBeGreaterThan(0);
    await clock.advance(5_000);
    await expect.poll(() => presented(fixture)).toBe("one");
  });

  test("a new client authority is believed, and the old one no more", async () => {
    await using fixture = await start("required");
    await files.write(server, otherCa);
    await fixture.door.reloadTls();
    expect(await presented(fixture, { cert: stranger.cert, key: stranger.key })).toBe("one");
    expect(await presented(fixture, { cert: client.cert, key: client.key })).toMatch(/^(ERR_SSL|ECONNRESET|closed)/);
    await files.write(server, ca);
  });

  test.each([
    ["a certificate that is none", () => writeFile(files.certFile, "-----BEGIN CERTIFICATE-----\nnonsense")],
    ["a key of another certificate", async () => writeFile(files.keyFile, client.key)],
    ["an empty key", () => writeFile(files.keyFile, "")],
  ])("%s changes nothing but the log, once, and without the key", async (_what, spoil) => {
    await using fixture = await start();
    await spoil();
    await fixture.door.reloadTls();
    await fixture.door.reloadTls();
    expect(await presented(fixture)).toBe("one");
    const errors = fixture.lines.filter((line) => line.startsWith("error"));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain("not usable");
    expect(errors[0]).not.toContain("PRIVATE KEY");
    await files.write(server);
    await fixture.door.reloadTls();
    expect(await presented(fixture)).toBe("one");
  });

  test("a door with a bad certificate does not open", async () => {
    await writeFile(files.keyFile, client.key);
    await expect(start()).rejects.toThrow(/tls\.key with .*tls\.crt is not usable/);
    await files.write(server);
  });
});

test("a request over TLS with curl's way", async () => {
  await using fixture = await start();
  const status = await new Promise((resolve, reject) => {
    const call = request(`${fixture.url}${health}`, {
      method: "POST",
      ca: ca.cert,
      headers: { "content-type": "application/json" },
    });
    call.once("response", (response) => resolve(response.resume().statusCode));
    call.once("error", reject).end("{}");
  });
  expect(status).toBe(200);
});
