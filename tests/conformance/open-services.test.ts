import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { framed, protocols } from "../support/protocols.ts";
import { exchangeSchema, interop } from "./interop/contract.ts";

const { unary, upload, download, pingPong, lookup } = interop.method;

const serve = (implementation: Partial<ServiceImpl<typeof interop>>, leanUnary = true) =>
  startFrontDoor({ leanUnary, openServices: (router) => void router.service(interop, implementation) });

const asJson = { headers: { "content-type": "application/json" } };

describe("a method that declares no side effects", () => {
  const query = (message: string) => `?connect=v1&encoding=json&message=${encodeURIComponent(message)}`;
  const lookedUp: Partial<ServiceImpl<typeof interop>> = {
    lookup: ({ failure }, context) => ({ failure: `${context.requestMethod} ${failure}` }),
  };

  test("is called by GET, and nobody is to keep the answer", async () => {
    await using fixture = await serve(lookedUp);
    const answer = await fetch(`${fixture.url}/${interop.typeName}/Lookup${query('{"failure":"none"}')}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.json()).toEqual({ failure: "GET none" });
  });

  test("may say itself who keeps its answer", async () => {
    await using fixture = await serve({
      lookup(_request, { responseHeader }) {
        responseHeader.set("cache-control", "max-age=60");
        return {};
      },
    });
    const answer = await fetch(`${fixture.url}/${interop.typeName}/Lookup${query("{}")}`);
    expect(answer.headers.get("cache-control")).toBe("max-age=60");
  });

  test("is called by POST as any other", async () => {
    await using fixture = await serve(lookedUp);
    for (const protocol of protocols) {
      const { code, answers } = await protocol.call(fixture.url, lookup, [{ failure: "none" }]);
      expect(code, protocol.name).toBe("ok");
      expect(answers, protocol.name).toMatchObject([{ failure: "POST none" }]);
    }
  });

  test("is called by nothing else", async () => {
    await using fixture = await serve(lookedUp);
    for (const method of ["HEAD", "PUT", "DELETE", "PATCH"]) {
      const answer = await fetch(`${fixture.url}/${interop.typeName}/Lookup${query("{}")}`, { method });
      expect(answer.status, method).toBe(405);
      expect(answer.headers.get("allow"), method).toBe("POST, GET");
    }
  });

  test("refuses what it cannot read in a query", async () => {
    await using fixture = await serve(lookedUp);
    for (const [query, status] of [
      ["?connect=v1&encoding=json&message=%7B", 400],
      ["?connect=v1&encoding=proto&base64=1&message=____", 400],
      ["?connect=v1&encoding=nothing&message=%7B%7D", 415],
      ["?connect=v1&message=%7B%7D", 415],
      ["?connect=v1&encoding=json&compression=gzip&message=%7B%7D", 400],
      ["", 415],
    ] as const) {
      const answer = await fetch(`${fixture.url}/${interop.typeName}/Lookup${query}`);
      expect(answer.status, query).toBe(status);
    }
  });

  test("makes no other method callable by GET", async () => {
    await using fixture = await serve({ unary: () => ({}) });
    const answer = await fetch(`${fixture.url}/${interop.typeName}/Unary${query("{}")}`);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
    expect(await answer.json()).toEqual({ code: "unknown", message: "the method is not allowed" });
  });
});

describe.each([
  ["on the short way", true],
  ["through Connect", false],
])("an open service, unary calls %s", (_name, leanUnary) => {
  const kinds = [
    ["unary", unary],
    ["client streaming", upload],
    ["server streaming", download],
    ["bidirectional", pingPong],
  ] as const;
  const throwing = (make: () => Error): Partial<ServiceImpl<typeof interop>> => ({
    unary: () => Promise.reject(make()),
    upload: () => Promise.reject(make()),
    async *download() {
      await Promise.reject(make());
      yield {};
    },
    async *pingPong(requests) {
      for await (const _request of requests) throw make();
      yield {};
    },
  });

  test("has its own internal errors told as they are", async () => {
    await using fixture = await serve(
      throwing(() => new ConnectError("meant for you", Code.Internal)),
      leanUnary,
    );
    for (const protocol of protocols) {
      for (const [kind, method] of kinds) {
        const { code, message } = await protocol.call(fixture.url, method, [{}]);
        expect({ code, message }, `${protocol.name} ${kind}`).toEqual({ code: "internal", message: "meant for you" });
      }
    }
  });

  test("has what it did not mean to throw hidden", async () => {
    await using fixture = await serve(
      throwing(() => new TypeError("secret")),
      leanUnary,
    );
    for (const protocol of protocols) {
      for (const [kind, method] of kinds) {
        const answer = await protocol.call(fixture.url, method, [{}]);
        expect(answer, `${protocol.name} ${kind}`).toMatchObject({ code: "internal", message: "internal error" });
        expect(JSON.stringify(answer), `${protocol.name} ${kind}`).not.toContain("secret");
      }
    }
  });

  test("has what the stack says of frames that cannot be read put right, though they pass through it", async () => {
    await using fixture = await serve(
      {
        async upload(requests) {
          for await (const _request of requests);
          return {};
        },
        async *pingPong(requests) {
          yield* requests;
        },
      },
      leanUnary,
    );
    const unreadable = framed(Buffer.of(0xff, 0xff));
    const compressedWithNothing = framed(toBinary(exchangeSchema, create(exchangeSchema, { failure: "x" })), 1);
    for (const protocol of protocols.filter(({ name }) => name !== "Connect")) {
      for (const method of [upload, pingPong]) {
        const about = `${protocol.name} ${method.name}`;
        const garbled = await protocol.call(fixture.url, method, [], { body: unreadable });
        expect(garbled.code, about).toBe("invalid_argument");
        const compressed = await protocol.call(fixture.url, method, [], { body: compressedWithNothing });
        expect(compressed, about).toMatchObject({ code: "internal", message: "internal error" });
      }
    }
  });

  test("answers with several values of one name, and with bytes", async () => {
    await using fixture = await serve(
      {
        unary(_request, { responseHeader, responseTrailer }) {
          for (const value of ["one", "two"]) {
            responseHeader.append("x-both", value);
            responseTrailer.append("x-behind", value);
          }
          responseTrailer.set("x-bytes-bin", "AP8");
          return {};
        },
      },
      leanUnary,
    );
    const [grpc] = protocols;
    expect((await grpc!.call(fixture.url, unary, [{}])).envelope).toMatchObject({
      headers: { "x-both": "one, two" },
      trailers: { "x-behind": "one, two", "x-bytes-bin": "AP8" },
    });
  });
});

test("an open service answers in JSON with whatever its files declare or import", async () => {
  const packed = anyPack(exchangeSchema, create(exchangeSchema, { body: Buffer.of(1), failure: "inside" }));
  await using fixture = await serve({ unary: () => ({ packed }) });
  const url = `${fixture.url}/${interop.typeName}/Unary`;
  const answer = await fetch(url, { method: "POST", body: "{}", ...asJson });
  expect(await answer.json()).toEqual({
    packed: { "@type": "type.googleapis.com/openshell.interop.v1.Exchange", body: "AQ==", failure: "inside" },
  });
});

test("an open service that answers in JSON with a type that nobody knows is in error, and says no more", async () => {
  const packed = anyPack(StringValueSchema, create(StringValueSchema, { value: "secret" }));
  await using fixture = await serve({ unary: () => ({ packed }) });
  const url = `${fixture.url}/${interop.typeName}/Unary`;
  const answer = await fetch(url, { method: "POST", body: "{}", ...asJson });
  expect(answer.status).toBe(500);
  expect(await answer.json()).toEqual({ code: "internal", message: "internal error" });
});
