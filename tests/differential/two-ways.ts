import { type ClientHttp2Session, constants } from "node:http2";
import { AsyncDisposableStack } from "../../src/core/disposable-stacks.ts";
import { authority, filesIn, issued } from "../protocols/support/certificates.ts";
import type { FixtureOptions } from "../protocols/support/fixture.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import type { GeneratedCall } from "./generated-call.ts";
import type { Observed } from "./observed.ts";
import { type Difference, differencesOf, type Outcome } from "./outcome.ts";
import { openSession, perform, roundTrip } from "./perform.ts";
import { openWay, type Way } from "./way.ts";

/** Calls that share one connection. */
export interface Batch {
  /** Which listener: of users, of sandboxes, of operations, with TLS. */
  readonly listener: number;
  /** How much of each answer the client takes before it asks for more, in bytes. */
  readonly window: number | undefined;
  readonly calls: readonly GeneratedCall[];
}

export interface TwoWays extends AsyncDisposable {
  readonly lean: Way;
  readonly connect: Way;
  /** Makes the same calls at both, at once. @returns where they differ */
  differences(batch: Batch): Promise<Difference[]>;
}

/** How often calls are compared that depend on time, before a difference counts: the machine may have been busy. */
const mostAttempts = 3;
/** How long the two may take to have told as much as each other, in milliseconds. */
const patienceMs = 1_000;

/** Opens a front door that takes unary gRPC the short way, and one that does not. @param over for the first alone */
export async function openTwoWays(over: FixtureOptions = {}): Promise<TwoWays> {
  await using life = new AsyncDisposableStack();
  const { certFile, keyFile, write } = filesIn(life.use(temporaryDirectory()).path);
  await write(await issued(await authority("an authority"), "a gateway"));
  const lean = life.use(await openWay(true, { certFile, keyFile }, over));
  const connect = life.use(await openWay(false, { certFile, keyFile }));
  let made = 0;

  async function compare(batch: Batch): Promise<Difference[]> {
    const numbers = batch.calls.map(() => String(made++));
    const watched = new Set(numbers.filter((_, at) => batch.calls[at]?.timing !== "race"));
    const books = { lean: openBooks(lean, watched), connect: openBooks(connect, watched) };
    const [one, other] = await Promise.all([answersOf(lean, batch, numbers), answersOf(connect, batch, numbers)]);
    await settled(books.lean, books.connect);
    return differencesOf({ ...one, ...books.lean.read() }, { ...other, ...books.connect.read() });
  }
  const owned = life.move();
  return {
    ...{ lean, connect },
    async differences(batch) {
      const attempts = batch.calls.some(({ timing }) => timing !== "none") ? mostAttempts : 1;
      for (let attempt = 1; ; attempt++) {
        const found = await compare(batch);
        if (found.length === 0 || attempt >= attempts) return found;
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What a front door has told of the calls of one batch. */
interface Books {
  /** Whether no handler runs that did not before. */
  idle(): boolean;
  /** How much was told of each kind, as text. */
  written(): string;
  read(): Omit<Outcome, "answers" | "goaway">;
}

/** @param watched calls whose handlers see the same; of others they may see something or nothing, and later */
function openBooks({ fixture, acting }: Way, watched: ReadonlySet<string>): Books {
  const { records, audited, lines } = fixture;
  const { seen } = acting;
  const kinds = [records, audited, lines, seen];
  const from = kinds.map(({ length }) => length);
  const runningBefore = acting.running;
  const since = <T>(book: readonly T[], kind: number) => book.slice(from[kind]);
  return {
    idle: () => acting.running <= runningBefore,
    written: () => [records, audited].map(({ length }, at) => length - (from[at] ?? 0)).join(),
    read: () => ({
      records: since(records, 0).map(({ durationMs: _, ...record }) => record),
      audited: since(audited, 1),
      lines: since(lines, 2).filter(isSerious).map(withoutPlaces),
      seen: since(seen, 3)
        .filter(({ call }) => watched.has(call))
        .map(({ call, saw }) => `${call}: ${saw}`),
    }),
  };
}

const isSerious = (line: string) => /^(warn|error) /.test(line);
/** Where in the code something was thrown may differ. */
const withoutPlaces = (line: string) => line.replace(/(\\n\s+at .*?)(?=\\ncaused by |")/g, "");

async function answersOf({ fixture, acting }: Way, { listener, window, calls }: Batch, numbers: readonly string[]) {
  const session = await openSession(fixture.door.addresses[listener]?.url ?? fixture.url, window);
  let goaway: number | undefined;
  session.once("goaway", (code) => {
    goaway = code;
  });
  const answers = await Promise.all(
    calls.map((call, at) => perform(session, call, numbers[at] ?? "", acting.served(numbers[at] ?? ""))),
  );
  await roundTrip(session);
  await closed(session);
  return { answers: answers.map((answer, at) => (calls[at] ? withoutRace(calls[at], answer) : answer)), goaway };
}

/**
 * A client that resets as soon as it has sent its message, and one that hears before that no more of it is wanted: after a
 * whole answer both are right, and which it is depends on how soon the answer came.
 */
function withoutRace({ leaves }: GeneratedCall, answer: Observed): Observed {
  const { NGHTTP2_NO_ERROR: toldToStop, NGHTTP2_CANCEL: hasReset } = constants;
  const isRace = leaves === "resets-at-once" && answer.grpcStatus.length > 0 && answer.reset === toldToStop;
  return isRace ? { ...answer, reset: hasReset } : answer;
}

function closed(session: ClientHttp2Session): Promise<void> {
  if (session.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    session.once("close", resolve);
    session.destroy();
  });
}

/** Waits until no handler runs and both have told as much as each other; where they never do, that is a difference. */
async function settled(lean: Books, connect: Books): Promise<void> {
  const end = performance.now() + patienceMs;
  for (;;) {
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    if (lean.idle() && connect.idle() && lean.written() === connect.written()) return;
    if (performance.now() > end) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
