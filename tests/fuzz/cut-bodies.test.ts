import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallRecord } from "../../src/http/index.ts";
import { type Fixture, startFrontDoor } from "../protocols/support/fixture.ts";
import { type GrpcBody, grpcBodies, messageBytes } from "./corpus/grpc-bodies.ts";
import { fuzz } from "./support/fuzz.ts";
import { goodHeaders } from "./support/grpc-call.ts";
import { answerReader, dataFrame, type Http2Answer, headerFrames, opening } from "./support/raw-http2.ts";
import { cutAt, send } from "./support/send.ts";

/** How a body is laid into frames, and those into the connection. */
interface Laying {
  /** Where DATA frames end; twice the same place makes an empty one. */
  readonly frames: readonly number[];
  /** Of the frames in turn; undefined for a frame that has none. */
  readonly padding: readonly (number | undefined)[];
  /** Whether the stream's end comes in a frame of its own. */
  readonly endsAlone: boolean;
  readonly mostHeaderBytes: number;
  /** Where what is written to the socket is cut. */
  readonly writes: readonly number[];
}

const whole: Laying = { frames: [], padding: [undefined], endsAlone: false, mostHeaderBytes: 16_384, writes: [] };

function piecesOf({ body, headers = [] }: GrpcBody, laying: Laying): Buffer[] {
  const ends = laying.frames.map((place) => place % (body.length + 1)).sort((a, b) => a - b);
  const parts = [0, ...ends].map((from, at) => body.subarray(from, ends[at]));
  const frames = parts.map((part, at) => {
    const endStream = !laying.endsAlone && at === parts.length - 1;
    return dataFrame(part, { endStream, padding: laying.padding[at % laying.padding.length] });
  });
  if (laying.endsAlone) frames.push(dataFrame(Buffer.alloc(0), { endStream: true }));
  const head = headerFrames([...goodHeaders, ...headers], { most: laying.mostHeaderBytes });
  return cutAt(Buffer.concat([opening, head, ...frames]), laying.writes);
}

const layings: fc.Arbitrary<Laying> = fc.record({
  frames: fc.array(fc.oneof(fc.nat(8), fc.nat(200)), { maxLength: 6 }),
  padding: fc.array(fc.option(fc.nat(255), { nil: undefined }), { minLength: 1, maxLength: 4 }),
  endsAlone: fc.boolean(),
  mostHeaderBytes: fc.oneof(fc.constant(16_384), fc.integer({ min: 40, max: 200 })),
  writes: fc.array(fc.nat(700), { maxLength: 4 }),
});

describe.each([
  ["the short way", true],
  ["Connect's way", false],
])("on %s, a unary gRPC call is answered the same however its body is cut", (_way, leanUnary) => {
  let fixture: Fixture;
  const expected = new Map<string, { answer: Http2Answer; record: unknown }>();

  let told: (record: CallRecord) => void;

  /** What a call comes to, for its caller and for the log. */
  async function outcome(body: GrpcBody, laying: Laying) {
    const recorded = new Promise<CallRecord>((resolve) => {
      told = resolve;
    });
    const answer = await send(fixture.address.port, piecesOf(body, laying), answerReader());
    const { durationMs: _, ...record } = await recorded;
    return { answer, record };
  }
  beforeAll(async () => {
    fixture = await startFrontDoor({
      leanUnary,
      limits: { messageBytes, requestMs: 3_000 },
      onCall: (record) => told(record),
    });
    for (const [name, body] of Object.entries(grpcBodies)) expected.set(name, await outcome(body, whole));
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  test("each of them whole is answered as is right for it, and nothing of it is a failure of the gateway", () => {
    for (const [name, { answer }] of expected) {
      expect(answer.trailers["grpc-status"] ?? answer.headers["grpc-status"], name).toBe(grpcBodies[name]?.status);
    }
    expect(fixture.lines).toEqual([]);
  });

  test.each(Object.entries(grpcBodies))("%s, in two frames, cut at each place", async (name, body) => {
    for (let place = 0; place <= body.body.length; place++) {
      expect(await outcome(body, { ...whole, frames: [place] }), `cut at ${place}`).toEqual(expected.get(name));
    }
  });

  fuzz(
    "any of them, in any frames, padded, and in any pieces of the connection",
    fc.record({ name: fc.constantFrom(...Object.keys(grpcBodies)), laying: layings }),
    { runs: 200 },
    async ({ name, laying }) => {
      const body = grpcBodies[name];
      if (body) expect(await outcome(body, laying)).toEqual(expected.get(name));
    },
  );
});
