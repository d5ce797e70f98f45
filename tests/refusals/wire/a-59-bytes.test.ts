import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { bearer, framed, protocols } from "../../support/protocols.ts";
import { bothWays } from "../both-ways.ts";

describe.each(bothWays)("on %s", (_way, leanUnary) => {
  let gateway: TestGateway;
  let own: TestSandbox;
  let other: TestSandbox;

  beforeAll(async () => {
    gateway = await startTestGateway({ settings: { leanUnary } });
    [own, other] = [await gateway.createSandbox("own"), await gateway.createSandbox("other")];
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const { getSandboxConfig } = OpenShell.method;
  const limit = 1024 * 1024;
  const request = (sandboxId = own.id) =>
    toBinary(getSandboxConfig.input, create(getSandboxConfig.input, { sandboxId }));
  const unknownField = (bytes: Uint8Array) =>
    new BinaryWriter().tag(1_000, WireType.LengthDelimited).bytes(bytes).finish();
  const joined = (...parts: Uint8Array[]) => Buffer.concat(parts);

  /** A good request with an unknown field, so that the whole is this long. */
  function ofLength(length: number): Buffer {
    const spare = length - request().length;
    const sizes = [spare - 3, spare - 4, spare - 5, spare - 6, spare - 7];
    const size = sizes.find((each) => unknownField(Buffer.alloc(each)).length === spare)!;
    return joined(request(), unknownField(Buffer.alloc(size)));
  }

  /** The long way is another one for gRPC alone. */
  const binary = protocols.filter(({ name }) => (leanUnary ? name !== "Connect" : name === "gRPC"));
  const inJson = protocols.filter(({ name }) => leanUnary && name === "Connect");
  const authorized = async () => ({ headers: bearer(await own.token()) });

  const malformed: readonly (readonly [string, () => Uint8Array])[] = [
    ["a message that is cut off", () => request().subarray(0, -5)],
    ["a length that goes beyond the end", () => Buffer.from([0x0a, 0x7f, 0x61])],
    ["60 kB of groups that open", () => Buffer.alloc(60_000, 0x0b)],
    ["a varint that never ends", () => Buffer.alloc(40, 0xff)],
    ["a varint of eleven bytes", () => joined(Buffer.of(0x08), Buffer.alloc(10, 0x80), Buffer.of(0x01))],
    ["field number 0", () => Buffer.from([0x02, 0x01, 0x61])],
    ["a wire type that there is not", () => Buffer.from([0x0f])],
    ["text that is no UTF-8", () => Buffer.from([0x0a, 0x02, 0xc3, 0x28])],
    ["an unknown field that is cut off", () => joined(request(), unknownField(Buffer.alloc(100)).subarray(0, 50))],
  ];

  describe.each(binary)("over $name", (protocol) => {
    const send = async (body: Uint8Array, headers: readonly (readonly [string, string])[] = []) => {
      const credential = (await authorized()).headers;
      return protocol.call(gateway.sandboxesUrl, getSandboxConfig, [], { headers: [...credential, ...headers], body });
    };

    test.each(malformed)("A-59: %s is refused", async (_, bytes) => {
      expect(await send(framed(bytes()))).toMatchObject({ code: "invalid_argument", answers: [] });
    });

    test("A-59: no malformed message takes longer than 50 ms", async () => {
      for (const [name, bytes] of malformed) {
        const body = framed(bytes());
        const took: number[] = [];
        for (let round = 0; round < 5; round++) {
          const start = performance.now();
          await send(body);
          took.push(performance.now() - start);
        }
        expect(Math.min(...took), name).toBeLessThan(50);
      }
    });

    test("A-55: of an id that stands twice, the one that counts is the one that is checked", async () => {
      expect(await send(framed(joined(request(own.id), request(other.id))))).toMatchObject({
        code: "permission_denied",
      });
      expect(await send(framed(joined(request(other.id), request(own.id))))).toMatchObject({ code: "ok" });
    });

    test("A-57: unknown fields are ignored and go nowhere", async () => {
      const marker = Buffer.from("unknown-field-marker");
      expect(await send(framed(joined(request(), unknownField(marker))))).toMatchObject({ code: "ok" });
      expect(gateway.logged.join("")).not.toContain(marker.toString());
    });

    test("A-60: a message of the limit is served, one byte more is refused", async () => {
      expect(await send(framed(ofLength(limit)))).toMatchObject({ code: "ok" });
      expect(await send(framed(ofLength(limit + 1)))).toMatchObject({ code: "resource_exhausted", answers: [] });
    });

    test("A-60: a frame that says it is 4 GiB long is refused at once, without the memory for it", async () => {
      const before = process.memoryUsage().rss;
      const frame = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
      expect(await send(frame)).toMatchObject({ code: "resource_exhausted", answers: [] });
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * limit);
    });

    test.each([
      ["a frame's head that is cut off", [0, 0, 0], "invalid_argument"],
      ["a frame with nothing behind its head", [0, 0, 0, 0, 9], "unimplemented"],
      ["no message at all", [], "unimplemented"],
    ])("A-60: %s is refused", async (_, bytes, code) => {
      expect(await send(Buffer.from(bytes))).toMatchObject({ code, answers: [] });
    });

    test("A-60: two messages where one belongs are refused", async () => {
      expect(await send(joined(framed(request()), framed(request(other.id))))).toMatchObject({
        code: "unimplemented",
        answers: [],
      });
    });
  });

  test.each(inJson)("A-59: JSON that is 10,000 deep is refused", async (connect) => {
    const deep = `{"sandboxId":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
    for (const body of [deep, `{"nobody":${deep}}`, "[".repeat(60_000)]) {
      const options = { ...(await authorized()), body: Buffer.from(body) };
      const { code } = await connect.call(gateway.sandboxesUrl, getSandboxConfig, [], options);
      expect(code, body.slice(0, 20)).toBe("invalid_argument");
    }
  });

  test.each(inJson)("A-60: JSON of the limit is served, one byte more is refused", async (connect) => {
    const text = JSON.stringify({ sandboxId: own.id });
    for (const [length, code] of [
      [limit, "ok"],
      [limit + 1, "resource_exhausted"],
    ] as const) {
      const options = { ...(await authorized()), body: Buffer.from(text.padEnd(length)) };
      expect(await connect.call(gateway.sandboxesUrl, getSandboxConfig, [], options)).toMatchObject({ code });
    }
  });
});
