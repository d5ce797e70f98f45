import { readFile } from "node:fs/promises";
import { credentials, Metadata, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authority, filesIn, issued } from "../../protocols/support/certificates.ts";
import { type Fixture, startFrontDoor } from "../../protocols/support/fixture.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { ended, InteropClient } from "./client.ts";
import { addInterop, echoed } from "./service.ts";

const ok = { code: status.OK };
const withBytes = (...lengths: number[]) => lengths.map((length) => ({ body: { length } }));
/** Written as gRPC's own case has it in mind: line ends, and characters of more than two and three bytes. */
const specialMessage = "\t\n first \r\n \u263a and \u{1f608} %20 \t\n";
const trailing = Buffer.from([0xab, 0xab, 0xab, 0x00, 0xff]);

function echoMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set(echoed.header, "initial value");
  metadata.set(echoed.trailer, trailing);
  return metadata;
}

describe.each([
  ["in cleartext, unary calls on the short way", { leanUnary: true, encrypted: false }],
  ["with TLS, unary calls on the short way", { leanUnary: true, encrypted: true }],
  ["in cleartext, unary calls through Connect", { leanUnary: false, encrypted: false }],
])("gRPC's own client %s", (_name, { leanUnary, encrypted }) => {
  const life = new AsyncDisposableStack();
  const done: string[] = [];
  let fixture: Fixture;
  let client: InteropClient;

  beforeAll(async () => {
    const openServices = addInterop((method) => void done.push(method));
    if (!encrypted) {
      fixture = life.use(await startFrontDoor({ leanUnary, openServices }));
      client = life.use(new InteropClient(fixture.url, credentials.createInsecure()));
      return;
    }
    const directory = life.use(temporaryDirectory());
    const root = await authority("interop root");
    const files = filesIn(directory.path);
    await files.write(await issued(root, "localhost"), root);
    const { certFile, keyFile, clientCaFile } = files;
    fixture = life.use(await startFrontDoor({ leanUnary, openServices, listeners: [{ tls: { certFile, keyFile } }] }));
    client = life.use(new InteropClient(fixture.url, credentials.createSsl(await readFile(clientCaFile))));
  });
  afterAll(() => life.disposeAsync());

  test("empty_unary", async () => {
    const { answers, status } = await client.unary({});
    expect(status).toMatchObject(ok);
    expect(answers).toMatchObject([{ answerBytes: [], body: { length: 0 }, failure: "" }]);
  });

  test("large_unary", async () => {
    const { answers, status } = await client.unary({ answerBytes: [314_159], body: new Uint8Array(271_828) });
    expect(status).toMatchObject(ok);
    expect(answers).toMatchObject(withBytes(314_159));
  });

  test("client_streaming", async () => {
    const lengths = [27_182, 8, 1_828, 45_904];
    const { answers, status } = await client.upload(lengths.map((length) => ({ body: new Uint8Array(length) })));
    expect(status).toMatchObject(ok);
    expect(answers).toMatchObject(withBytes(74_922));
  });

  test("server_streaming", async () => {
    const { answers, status } = await ended(client.download({ answerBytes: [31_415, 9, 2_653, 58_979] }));
    expect(status).toMatchObject(ok);
    expect(answers).toMatchObject(withBytes(31_415, 9, 2_653, 58_979));
  });

  test("ping_pong", async () => {
    const call = client.pingPong();
    const pings = [
      [31_415, 27_182],
      [9, 8],
      [2_653, 1_828],
      [58_979, 45_904],
    ].map(([wanted = 0, sent = 0]) => ({ answerBytes: [wanted], body: new Uint8Array(sent) }));
    const waiting = pings.values();
    // The next one leaves only when the last one is answered.
    const ping = () => {
      const { done, value } = waiting.next();
      if (done) call.end();
      else call.write(value);
    };
    ping();
    const { answers, status } = await ended(call, ping);
    expect(status).toMatchObject(ok);
    expect(answers).toMatchObject(withBytes(31_415, 9, 2_653, 58_979));
  });

  test("empty_stream", async () => {
    const call = client.pingPong();
    call.end();
    expect(await ended(call)).toMatchObject({ status: ok, answers: [] });
  });

  test("cancel_after_begin", async () => {
    const code = await new Promise((resolve) => {
      const call = client.beginUpload((error) => resolve(error?.code));
      call.write({ body: new Uint8Array(1) });
      setImmediate(() => call.cancel());
    });
    expect(code).toBe(status.CANCELLED);
  });

  test("cancel_after_first_response", async () => {
    done.length = 0;
    const call = client.pingPong();
    call.write({ answerBytes: [31_415], body: new Uint8Array(27_182) });
    const { answers, status: end } = await ended(call, () => call.cancel());
    expect(end.code).toBe(status.CANCELLED);
    expect(answers).toMatchObject(withBytes(31_415));
    await expect.poll(() => done).toContain("PingPong");
  });

  test("timeout_on_sleeping_server", async () => {
    done.length = 0;
    const call = client.pingPong(new Metadata(), 50);
    call.write({ body: new Uint8Array(27_182) });
    expect(await ended(call)).toMatchObject({ status: { code: status.DEADLINE_EXCEEDED }, answers: [] });
    await expect.poll(() => done).toContain("PingPong");
  });

  test("unimplemented_method", async () => {
    for (const name of ["Unimplemented", "Unknown"]) {
      const { answers, status: end } = await client.unary({}, new Metadata(), `/openshell.interop.v1.Interop/${name}`);
      expect(end.code).toBe(status.UNIMPLEMENTED);
      expect(answers).toEqual([]);
    }
  });

  test("unimplemented_service", async () => {
    const { status: end } = await client.unary({}, new Metadata(), "/openshell.interop.v1.Unknown/Unary");
    expect(end.code).toBe(status.UNIMPLEMENTED);
  });

  test("custom_metadata", async () => {
    const call = client.pingPong(echoMetadata());
    call.write({ answerBytes: [9] });
    call.end();
    const both = [client.unary({ answerBytes: [9] }, echoMetadata()), ended(call)];
    for (const { answers, metadata, status } of await Promise.all(both)) {
      expect(status).toMatchObject(ok);
      expect(answers).toMatchObject(withBytes(9));
      expect(metadata?.get(echoed.header)).toEqual(["initial value"]);
      expect(status.metadata.get(echoed.trailer)).toEqual([trailing]);
    }
  });

  test.each([
    ["status_code_and_message", "test status message"],
    ["special_status_message", specialMessage],
  ])("%s", async (_name, failure) => {
    const call = client.pingPong();
    call.write({ failure });
    call.end();
    for (const { answers, status: end } of await Promise.all([client.unary({ failure }), ended(call)])) {
      expect(end).toMatchObject({ code: status.UNKNOWN, details: failure });
      expect(answers).toEqual([]);
    }
  });
});
