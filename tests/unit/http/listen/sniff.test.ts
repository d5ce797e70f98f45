import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { classify, type Opening, sniff } from "../../../../src/http/listen/sniff.ts";
import { openSocket } from "../../../protocols/support/fixture.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

describe("a connection's first bytes", () => {
  test.each([
    ["the whole preface", preface, "http2"],
    ["the preface and more", Buffer.concat([preface, Buffer.from([0, 0, 0])]), "http2"],
    ["all but the preface's last byte", preface.subarray(0, 23), undefined],
    ["a preface whose last byte is another", Buffer.concat([preface.subarray(0, 23), Buffer.from("x")]), "http1"],
    ["PRI with another path", Buffer.from("PRI /"), "http1"],
    ["POST", Buffer.from("PO"), "http1"],
    ["a single P", Buffer.from("P"), undefined],
    ["GET", Buffer.from("G"), "http1"],
    ["a line end", Buffer.from("\r\n"), "http1"],
    ["a TLS hello", Buffer.from([0x16, 3, 1]), "tls"],
    ["a zero", Buffer.from([0]), "http1"],
  ])("%s", (_what, bytes, opening) => {
    expect(classify(bytes)).toBe(opening);
  });

  test("what is decided once stays so, whatever follows", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (bytes, more) => {
        const decided = classify(Buffer.from(bytes));
        fc.pre(decided !== undefined);
        return classify(Buffer.from([...bytes, ...more])) === decided;
      }),
    );
  });
});

describe("a sniffed socket", () => {
  let port: number;
  let accept: (socket: Socket) => void;
  const server = createServer((socket) => accept(socket));
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as { port: number }).port;
  });
  afterAll(() => void server.close());

  test("is handed on with every byte that came, however they were cut, and no timer is left", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(preface.toString("latin1"), "POST / HTTP/1.1\r\n\r\n", "PRI x", "\x16\x03\x01"),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
        async (text, cuts) => {
          const clock = new FakeClock();
          const bytes = Buffer.from(`${text}${"x".repeat(30)}`, "latin1");
          const decided = Promise.withResolvers<{ opening: Opening; socket: Socket }>();
          accept = (socket) =>
            sniff(socket, { clock, withinMs: 1_000 }, (opening) => decided.resolve({ opening, socket }));
          const client = await openSocket(port);
          for (let at = 0, cut = 0; at < bytes.length; cut++) {
            const end = at + (cuts[cut % cuts.length] ?? 1);
            client.write(bytes.subarray(at, end));
            at = end;
            await new Promise((resolve) => setImmediate(resolve));
          }
          const { opening, socket } = await decided.promise;
          expect(opening).toBe(classify(bytes));
          const got: Buffer[] = [];
          socket.on("data", (chunk) => got.push(chunk));
          await expect
            .poll(() => Buffer.concat(got).toString("latin1"), { interval: 1 })
            .toBe(bytes.toString("latin1"));
          expect(clock.waiting).toBe(0);
          client.destroy();
          socket.destroy();
        },
      ),
      { numRuns: 25 },
    );
  });
});
