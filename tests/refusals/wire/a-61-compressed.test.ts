import { brotliCompressSync, gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import type { HeaderLines } from "../../support/http-exchange.ts";
import { bearer, framed, type Protocol, protocols } from "../../support/protocols.ts";
import { bothWays } from "../both-ways.ts";

describe.each(bothWays)("on %s", (_way, leanUnary) => {
  let gateway: TestGateway;
  let own: TestSandbox;

  /** The long way is another one for gRPC alone. */
  const tried = protocols.filter(({ name }) => leanUnary || name === "gRPC");

  beforeAll(async () => {
    gateway = await startTestGateway({ settings: { leanUnary } });
    own = await gateway.createSandbox();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const { getSandboxConfig } = OpenShell.method;
  const mebibyte = 1024 * 1024;
  const bomb = Buffer.alloc(50 * mebibyte);
  const bombs = { gzip: gzipSync(bomb), br: brotliCompressSync(bomb) };
  const compressors = { gzip: gzipSync, br: brotliCompressSync } as const;
  const algorithms = ["gzip", "br"] as const;
  const compressed = 1;

  describe.each(tried)("over $name", (protocol) => {
    const good = (): Buffer => {
      const message = { sandboxId: own.id };
      if (protocol.name === "Connect") return Buffer.from(JSON.stringify(message));
      return Buffer.from(toBinary(getSandboxConfig.input, create(getSandboxConfig.input, message)));
    };

    test.each(algorithms)("a message that is compressed with %s is served", async (algorithm) => {
      expect(await send(protocol, compressors[algorithm](good()), algorithm)).toMatchObject({ code: "ok" });
    });

    test.each(algorithms)(
      "A-61: 50 MiB behind a few kB of %s are refused, without the memory for them",
      async (algorithm) => {
        expect(bombs[algorithm].length).toBeLessThan(60_000);
        const before = process.memoryUsage().rss;
        expect(await send(protocol, bombs[algorithm], algorithm)).toMatchObject({
          code: "resource_exhausted",
          answers: [],
        });
        expect(process.memoryUsage().rss - before).toBeLessThan(40 * mebibyte);
      },
    );

    test("A-61: gzip in gzip is taken apart once", async () => {
      const answer = await send(protocol, gzipSync(bombs.gzip), "gzip");
      expect(answer).toMatchObject({ code: "invalid_argument", answers: [] });
    });

    test("A-61: what is no gzip is refused", async () => {
      const answer = await send(protocol, Buffer.from("no gzip"), "gzip");
      expect(answer).toMatchObject({ code: "invalid_argument", answers: [] });
      expect(answer.message).not.toContain("at ");
    });

    test.each(["zstd", "deflate", "x-gzip", "gzip, gzip"])("A-61: the encoding %s is not known", async (encoding) => {
      expect(await send(protocol, gzipSync(good()), encoding)).toMatchObject({ code: "unimplemented", answers: [] });
    });

    test("A-61: a bomb without a credential is not even read", async () => {
      const body = protocol.name === "Connect" ? bombs.gzip : framed(bombs.gzip, compressed);
      const headers: HeaderLines = [[encodingHeader(protocol), "gzip"]];
      const answer = await protocol.call(gateway.sandboxesUrl, getSandboxConfig, [], { headers, body });
      expect(answer).toMatchObject({ code: "unauthenticated" });
    });
  });

  test.each(tried.filter(({ name }) => name !== "Connect"))(
    "A-61: a frame that says it is compressed where no encoding is named is refused, over $name",
    async (protocol) => {
      const options = { headers: bearer(await own.token()), body: framed(gzipSync(Buffer.alloc(10)), compressed) };
      const answer = await protocol.call(gateway.sandboxesUrl, getSandboxConfig, [], options);
      expect(answer).toMatchObject({ code: "internal", message: "internal error", answers: [] });
    },
  );

  const encodingHeader = ({ name }: Protocol) => (name === "Connect" ? "content-encoding" : "grpc-encoding");

  async function send(protocol: Protocol, bytes: Uint8Array, encoding: string) {
    const headers: HeaderLines = [...bearer(await own.token()), [encodingHeader(protocol), encoding]];
    const body = protocol.name === "Connect" ? bytes : framed(bytes, compressed);
    return protocol.call(gateway.sandboxesUrl, getSandboxConfig, [], { headers, body });
  }
});
