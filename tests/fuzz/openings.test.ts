import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authority, filesIn, issued } from "../protocols/support/certificates.ts";
import { type Fixture, sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { framed } from "../support/protocols.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { askOverTls, hello } from "./support/first-flight.ts";
import { fuzz } from "./support/fuzz.ts";
import { goodHeaders, ownConfig } from "./support/grpc-call.ts";
import { answerReader, dataFrame, headerFrames, opening, preface } from "./support/raw-http2.ts";
import { cutAt, type Reader, send } from "./support/send.ts";

/** All that comes until the connection is closed, but for the time of day. */
function textReader(): Reader<string> {
  let text = "";
  return {
    take(chunk) {
      text += chunk.toString("latin1");
      return false;
    },
    answer: () => text.replaceAll(/^date: .*\r\n/gim, ""),
  };
}

const body = JSON.stringify({ sandboxId });
const post = [
  "POST /openshell.v1.OpenShell/GetSandboxConfig HTTP/1.1",
  "host: 127.0.0.1",
  "authorization: Bearer sandbox",
  "content-type: application/json",
  `content-length: ${body.length}`,
  "connection: close",
  "",
  body,
].join("\r\n");
const grpc = Buffer.concat([opening, headerFrames(goodHeaders), dataFrame(framed(ownConfig), { endStream: true })]);
const health = "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";

interface Opening {
  readonly bytes: Buffer;
  readonly reader: () => Reader<unknown>;
  readonly expected: unknown;
}

const text = (bytes: string | Buffer, expected: unknown): Opening => ({
  bytes: Buffer.from(bytes as string, "latin1"),
  reader: textReader,
  expected,
});
const refused = expect.stringMatching(/^HTTP\/1\.1 400 /);

const openings: Readonly<Record<string, Opening>> = {
  "a call over HTTP/1.1": text(post, expect.stringMatching(/^HTTP\/1\.1 200 [\s\S]*"version":7/)),
  "a request over HTTP/1.1 whose method begins like HTTP/2's preface": text(
    "PROPFIND / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
    expect.stringMatching(/^HTTP\/1\.1 404 /),
  ),
  "a call over HTTP/2": {
    bytes: grpc,
    reader: answerReader,
    expected: expect.objectContaining({ trailers: { "grpc-status": "0" } }),
  },
  "HTTP/2's preface with a wrong end": text(Buffer.concat([preface.subarray(0, 22), Buffer.from("xx")]), refused),
  "HTTP/2's preface, and no frame": {
    bytes: Buffer.concat([preface, Buffer.from("GET / HTTP/1.1\r\n\r\n")]),
    reader: answerReader,
    expected: expect.objectContaining({ goaway: expect.any(Number), headers: {} }),
  },
  "no protocol at all": text("\x01\x02\x03 HELO mail.example\r\n\r\n", refused),
  "nothing but line ends": text("\r\n\r\n\r\nx\r\n\r\n", refused),
};

describe("on a cleartext port", () => {
  let fixture: Fixture;
  let tlsHello: Buffer;
  const whole = new Map<string, unknown>();
  beforeAll(async () => {
    fixture = await startFrontDoor();
    tlsHello = await hello();
    for (const [name, one] of Object.entries(openings)) whole.set(name, await say(one, []));
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  const say = ({ bytes, reader }: Opening, places: readonly number[]) =>
    send(fixture.address.port, cutAt(bytes, places), reader());

  test.each(Object.entries(openings))("%s is answered the same when it is cut at each place", async (name, one) => {
    expect(whole.get(name)).toEqual(one.expected);
    for (let place = 1; place < one.bytes.length; place++) {
      expect(await say(one, [place]), `cut at ${place}`).toEqual(whole.get(name));
    }
  });

  test("a TLS hello is answered with nothing, when it is cut at each place", async () => {
    for (let place = 0; place < tlsHello.length; place++) {
      expect(await say(text(tlsHello, ""), [place]), `cut at ${place}`).toBe("");
    }
  });

  fuzz(
    "any of them is answered the same in any pieces, a byte at a time too",
    fc.record({
      name: fc.constantFrom(...Object.keys(openings)),
      places: fc.oneof(
        fc.array(fc.nat(600), { minLength: 2, maxLength: 12 }),
        fc.integer({ min: 8, max: 40 }).map((length) => Array.from({ length }, (_, at) => at)),
      ),
    }),
    { runs: 150 },
    async ({ name, places }) => {
      const one = openings[name];
      if (one) expect(await say(one, places)).toEqual(whole.get(name));
    },
  );

  fuzz(
    "any bytes at all are answered or end the connection, and others are served",
    fc.tuple(
      fc.constantFrom(
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        preface.toString("latin1"),
        opening.toString("latin1"),
        "POST / HTTP/1.1\r\n",
      ),
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
    ),
    { runs: 100 },
    async ([start, junk]) => {
      const bytes = Buffer.concat([Buffer.from(start, "latin1"), junk, Buffer.from("\r\n\r\n\r\n\r\n")]);
      fixture.records.length = 0;
      // What may still become something is waited for, and the end of its side tells that nothing will.
      await send(fixture.address.port, [bytes], textReader(), { thenEnd: true });
      expect(fixture.lines.splice(0).filter((line) => line.startsWith("error"))).toEqual([]);
      expect(fixture.records).toEqual([]);
    },
  );
});

describe("on a port with TLS", () => {
  let fixture: Fixture;
  const directory = temporaryDirectory();
  let length = 0;
  beforeAll(async () => {
    const files = filesIn(directory.path);
    await files.write(await issued(await authority("authority"), "gateway"));
    fixture = await startFrontDoor({ listeners: [{ tls: { certFile: files.certFile, keyFile: files.keyFile } }] });
    ({ length } = await hello());
  });
  afterAll(async () => {
    await fixture[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test("a hello is taken when it is cut at each place, and the call behind it is answered", async () => {
    for (let place = 1; place < length; place++) {
      expect(await askOverTls(fixture.address.port, [place], health), `cut at ${place}`).toMatch(/^HTTP\/1\.1 200 /);
    }
  });

  test("what is no hello ends the connection without an answer in cleartext, cut at each place of its beginning", async () => {
    for (const bytes of [Buffer.from(post), grpc]) {
      for (let place = 1; place < 30; place++) {
        const heard = await send(fixture.address.port, cutAt(bytes, [place]), textReader());
        expect(heard).not.toContain("HTTP");
      }
    }
  });
});
