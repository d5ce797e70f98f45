import fc from "fast-check";
import { afterAll, beforeAll, describe, expect } from "vitest";
import type { Principal } from "../../src/core/principal.ts";
import { type Fixture, sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { framed } from "../support/protocols.ts";
import { oddHeaders, oddLines, oddRequestLines } from "./corpus/headers.ts";
import { fuzz } from "./support/fuzz.ts";
import { goodHeaders, ownConfig } from "./support/grpc-call.ts";
import type { HeaderList } from "./support/hpack.ts";
import { answerReader, dataFrame, headerFrames, opening } from "./support/raw-http2.ts";
import { type Reader, send } from "./support/send.ts";

/** Something that is put into a list of `length`, at a place or over what is there. */
const insertions = <T>(values: readonly T[], length: number) =>
  fc.array(fc.record({ value: fc.constantFrom(...values), at: fc.nat(length), over: fc.nat(2) }), {
    minLength: 1,
    maxLength: 3,
  });

function inserted<T>(
  list: readonly T[],
  insertions: readonly { readonly value: readonly T[]; readonly at: number; readonly over: number }[],
): T[] {
  const result = [...list];
  for (const { value, at, over } of insertions) result.splice(at, over, ...value);
  return result;
}

/** The bearer credential of the fixture that a principal comes from. */
const nameOf = (principal: Principal): string => {
  if (principal.kind !== "user") return principal.kind;
  return principal.roles.has("openshell-admin") ? "user" : "reader";
};

/** Whom a request proves that it comes from, if anybody: one value, and that is a bearer credential, exactly. */
function provenBy(authorization: readonly string[]): string | undefined {
  const [, name] = /^bearer ([\w-]+)$/i.exec(authorization.length === 1 ? (authorization[0] ?? "") : "") ?? [];
  return name;
}

describe.each([
  ["the short way", true],
  ["Connect's way", false],
])("on %s", (_way, leanUnary) => {
  let fixture: Fixture;
  const served: Principal[] = [];
  beforeAll(async () => {
    fixture = await startFrontDoor({
      leanUnary,
      limits: { headersMs: 80, requestMs: 80, idleMs: 50 },
      handlers: {
        getSandboxConfig: (_request, call) => {
          served.push(call.principal);
          return { version: 7 };
        },
      },
    });
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  /** Looks whether nobody was served but who proved to be somebody, and whether all that failed was the caller's doing. */
  function expectJustice(authorization: readonly string[]): void {
    const names = served.splice(0).map(nameOf);
    expect(names.length).toBeLessThanOrEqual(1);
    if (names.length > 0) expect(names).toEqual([provenBy(authorization)]);
    expect(fixture.records.splice(0).filter(({ code }) => code === "internal" || code === "unknown")).toEqual([]);
    expect(fixture.lines.splice(0)).toEqual([]);
  }

  fuzz(
    "any list of HTTP/2 headers is answered in order, and served as nobody but whom it proves",
    fc.record({ insertions: insertions(oddHeaders, goodHeaders.length), most: fc.constantFrom(16_384, 100) }),
    {
      runs: 150,
      corpus: [
        { insertions: [{ value: [] as HeaderList, at: 0, over: 0 }], most: 16_384 },
        ...oddHeaders.flatMap((value) => [
          { insertions: [{ value, at: goodHeaders.length, over: 0 }], most: 16_384 },
          { insertions: [{ value, at: placeOf(value), over: 1 }], most: 16_384 },
        ]),
      ],
    },
    async ({ insertions, most }) => {
      const headers = inserted(goodHeaders, insertions);
      const frames = [opening, headerFrames(headers, { most }), dataFrame(framed(ownConfig), { endStream: true })];
      const answer = await send(fixture.address.port, [Buffer.concat(frames)], answerReader());
      const status = answer.headers[":status"];
      const isOrderly = status !== undefined || answer.reset !== undefined || (answer.goaway ?? 0) > 0;
      expect(isOrderly, `${JSON.stringify(answer)}`).toBe(true);
      expect(status ?? "400").toMatch(/^[1234]\d\d$/);
      const isUntouched = insertions.every(({ value, over }) => value.length === 0 && over === 0);
      if (isUntouched) expect(served).toHaveLength(1);
      expectJustice(headers.filter(isSeen).map(([, value]) => value));
    },
  );

  const lines = [
    "POST /openshell.v1.OpenShell/GetSandboxConfig HTTP/1.1\r\n",
    "host: 127.0.0.1\r\n",
    "content-type: application/json\r\n",
    "authorization: Bearer sandbox\r\n",
    "content-length: 54\r\n",
    "connection: close\r\n",
  ];
  const body = JSON.stringify({ sandboxId }).padEnd(54);
  const wholeText = (): Reader<string> => {
    let text = "";
    return {
      take(chunk) {
        text += chunk.toString("latin1");
        return false;
      },
      answer: () => text,
    };
  };

  if (!leanUnary) return;
  fuzz(
    "any bytes of an HTTP/1.1 header block are answered in order, and served as nobody but whom they prove",
    fc.record({
      first: fc.oneof({ weight: 4, arbitrary: fc.constant(lines[0] ?? "") }, fc.constantFrom(...oddRequestLines)),
      insertions: insertions(
        oddLines.map((line) => [line]),
        lines.length,
      ),
      flip: fc.option(fc.record({ at: fc.nat(400), to: fc.nat(255) }), { freq: 5 }),
    }),
    {
      runs: 150,
      corpus: [
        { first: lines[0] ?? "", insertions: [], flip: null },
        ...oddRequestLines.map((first) => ({ first, insertions: [], flip: null })),
        ...oddLines.map((line) => ({
          first: lines[0] ?? "",
          insertions: [{ value: [line], at: 2, over: 0 }],
          flip: null,
        })),
      ],
    },
    async ({ first, insertions, flip }) => {
      const block = inserted([first, ...lines.slice(1)], insertions).join("");
      const bytes = Buffer.from(`${block}\r\n${body}`, "latin1");
      if (flip && flip.at < block.length) bytes[flip.at] = flip.to;
      const answer = await send(fixture.address.port, [bytes], wholeText());
      const [head = ""] = bytes
        .toString("latin1")
        .trimStart()
        .split(/\r?\n\r?\n/);
      expect(answer).toMatch(/^(HTTP\/1\.1 ([1234]\d\d|505) [\s\S]*)?$/);
      if (insertions.length === 0 && first === lines[0] && !flip) expect(answer).toMatch(/^HTTP\/1\.1 200/);
      expectJustice([...head.matchAll(/^authorization:[ \t]*(.*?)[ \t]*\r?$/gim)].map(([, value]) => value ?? ""));
    },
  );
});

/** A field that HTTP/2 has no place for is dropped by the library, before anybody sees it (RFC 9113, section 8.2.1). */
const isSeen = ([name, value]: HeaderList[number]): boolean =>
  name === "authorization" && value.trim() === value && !/\p{Cc}/u.test(value);

/** Where the header stands that has the same name; the end where none has. */
function placeOf(value: HeaderList): number {
  const at = goodHeaders.findIndex(([name]) => name === value[0]?.[0]);
  return at < 0 ? goodHeaders.length : at;
}
