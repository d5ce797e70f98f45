import { beforeEach, expect, onTestFinished, test } from "vitest";
import { newFamilyId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { ChangeSource, News } from "../../../src/store/feed/change-source.ts";
import { FollowedFeed } from "../../../src/store/feed/followed-feed.ts";
import { RecordedChanges } from "../../contract/recorded-changes.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const second = 1_000;
const nothing: News = { kind: "changes", changes: [] };

/** A source that says what the test wants, in this order; then nothing. A number of failures comes first. */
class ScriptedSource {
  news: News[] = [];
  failures = 0;
  asked = 0;
  opened = 0;
  open = 0;
  prunings = 0;

  readonly make = async (): Promise<ChangeSource> => {
    this.opened += 1;
    this.#fail();
    this.open += 1;
    return {
      next: async () => {
        this.asked += 1;
        this.#fail();
        return this.news.shift() ?? nothing;
      },
      announce: () => undefined,
      prune: async () => {
        this.prunings += 1;
      },
      [Symbol.asyncDispose]: async () => {
        this.open -= 1;
      },
    };
  };

  #fail(): void {
    if (this.failures === 0) return;
    this.failures -= 1;
    throw new Error("the source failed");
  }
}

let clock: FakeClock;
let source: ScriptedSource;
let feed: FollowedFeed;
let heard: RecordedChanges;

beforeEach(() => {
  clock = new FakeClock();
  source = new ScriptedSource();
  feed = new FollowedFeed({ open: source.make, everyMs: second, clock, log: silentLog });
  heard = new RecordedChanges();
  onTestFinished(() => feed[Symbol.asyncDispose]());
});

/** Lets time pass in small steps, so that what waits for a promise between two timers gets its turn. */
async function pass(ms: number): Promise<void> {
  await clock.advance(0);
  for (let passed = 0; passed < ms; passed += 20) await clock.advance(20);
}

const change = (seq: number) => ({ seq, kind: "family", id: newFamilyId() }) as const;

test("nobody is asked before somebody follows", async () => {
  await pass(10 * second);
  expect(source.opened).toBe(0);
  expect(feed.staleness()).toBe(Number.POSITIVE_INFINITY);
});

test("the source is asked every interval without a hint, and staleness stays within it", async () => {
  await feed.follow(heard);
  const before = source.asked;
  for (let tick = 0; tick < 50; tick += 1) {
    await pass(second / 5);
    expect(feed.staleness()).toBeLessThan(second + 100);
  }
  expect(source.asked - before).toBeGreaterThanOrEqual(9);
});

test("a hint is answered at once, and many together", async () => {
  await feed.follow(heard);
  await pass(100);
  const one = change(1);
  source.news = [{ kind: "changes", changes: [one] }];
  const before = source.asked;
  for (let hint = 0; hint < 100; hint += 1) feed.hint();
  await pass(20);
  expect(heard.told).toEqual(["reload", `family ${one.id}`]);
  expect(source.asked - before).toBeLessThanOrEqual(2);
});

test("followers that may have missed something reload", async () => {
  await feed.follow(heard);
  source.news = [{ kind: "missed" }];
  await pass(2 * second);
  expect(heard.told).toEqual(["reload", "reload"]);
});

test("a source that fails is closed and replaced, and the followers reload", async () => {
  await feed.follow(heard);
  source.failures = 3;
  await pass(10 * second);
  expect(heard.told).toEqual(["reload", "reload"]);
  expect(source.opened).toBe(4);
  expect(source.open).toBe(1);
});

test("while the source fails, staleness grows, and it is asked at least every second", async () => {
  await feed.follow(heard);
  await pass(second);
  source.failures = Number.POSITIVE_INFINITY;
  const before = source.opened;
  await pass(20 * second);
  expect(feed.staleness()).toBeGreaterThan(18 * second);
  expect(source.opened - before).toBeGreaterThan(15);
  source.failures = 0;
  await pass(3 * second);
  expect(feed.staleness()).toBeLessThan(2 * second);
});

test("A-46: a wall clock that jumps ahead, as after a sleep, counts as blindness until the source was asked again", async () => {
  await feed.follow(heard);
  await pass(second / 10);
  clock.jump(3_600_000);
  expect(feed.staleness()).toBeGreaterThan(3_599_000);
  await pass(2 * second);
  expect(feed.staleness()).toBeLessThan(2 * second);
});

test("A-46: a wall clock that is set back hides no blindness", async () => {
  await feed.follow(heard);
  source.failures = Number.POSITIVE_INFINITY;
  await pass(10 * second);
  clock.jump(-3_600_000);
  expect(feed.staleness()).toBeGreaterThan(8 * second);
});

test("old changes are forgotten once a minute", async () => {
  await feed.follow(heard);
  await pass(180 * second);
  expect(source.prunings).toBeGreaterThanOrEqual(3);
  expect(source.prunings).toBeLessThanOrEqual(4);
});

test("one that comes while the source fails is refused, and may come again", async () => {
  source.failures = 1;
  await expect(feed.follow(heard)).rejects.toMatchObject({ reason: "store-unavailable" });
  const following = feed.follow(heard);
  await pass(second);
  await following;
  expect(heard.told).toEqual(["reload"]);
});

test("the end closes the source and leaves no timer", async () => {
  await feed.follow(heard);
  await feed[Symbol.asyncDispose]();
  expect(source.open).toBe(0);
  expect(clock.waiting).toBe(0);
});
