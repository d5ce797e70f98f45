import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateLimit } from "../../../src/tokens/rate-limit.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const limited = (options: { burst?: number; perMinute?: number; capacity?: number } = {}) => {
  const clock = new FakeClock();
  return { clock, limit: new RateLimit<string>({ clock, burst: 3, perMinute: 6, ...options }) };
};

const taken = (limit: RateLimit<string>, key: string, times: number) =>
  Array.from({ length: times }, () => limit.take(key).allowed);

test("a burst is allowed and no more, until the time for one has passed", async () => {
  const { clock, limit } = limited();
  expect(taken(limit, "a", 4)).toEqual([true, true, true, false]);
  await clock.advance(9_999);
  expect(limit.take("a")).toMatchObject({ allowed: false, retryAfterMs: 1 });
  await clock.advance(1);
  expect(taken(limit, "a", 2)).toEqual([true, false]);
});

test("who waits as long as it was told is allowed, whatever the numbers", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ burst: fc.integer({ min: 1, max: 20 }), perMinute: fc.integer({ min: 1, max: 100_000 }) }),
      fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 30 }),
      async (options, pauses) => {
        const { clock, limit } = limited(options);
        for (const pause of pauses) {
          await clock.advance(pause);
          const ruling = limit.take("a");
          if (ruling.allowed) continue;
          expect(ruling.retryAfterMs).toBeGreaterThan(0);
          await clock.advance(ruling.retryAfterMs);
          expect(limit.take("a").allowed).toBe(true);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("never more than the burst and what came in since, however it is asked", async () => {
  const { clock, limit } = limited({ burst: 5, perMinute: 60 });
  let allowed = 0;
  for (let asked = 0; asked < 1_000; asked += 1) {
    allowed += Number(limit.take("a").allowed);
    await clock.advance(37);
  }
  expect(allowed).toBeLessThanOrEqual(5 + 37);
  expect(allowed).toBeGreaterThanOrEqual(5 + 36);
});

test("to be refused costs nothing", async () => {
  const { clock, limit } = limited();
  taken(limit, "a", 1_000);
  await clock.advance(10_000);
  expect(limit.take("a").allowed).toBe(true);
});

test("one that storms takes nothing from another", () => {
  const { limit } = limited();
  taken(limit, "noisy", 10_000);
  expect(taken(limit, "quiet", 3)).toEqual([true, true, true]);
});

test("a wall clock that jumps changes nothing", () => {
  const { clock, limit } = limited();
  taken(limit, "a", 3);
  clock.jump(3_600_000);
  expect(limit.take("a").allowed).toBe(false);
  clock.jump(-7_200_000);
  expect(limit.take("a")).toMatchObject({ allowed: false, retryAfterMs: 10_000 });
});

test("of a storm the first refusal says that it is the first, and again after one was allowed", async () => {
  const { clock, limit } = limited({ burst: 1 });
  const firsts = () => Array.from({ length: 4 }, () => limit.take("a")).map((one) => !one.allowed && one.first);
  expect(firsts()).toEqual([false, true, false, false]);
  await clock.advance(10_000);
  expect(firsts()).toEqual([false, true, false, false]);
});

describe("buckets", () => {
  test("are forgotten once they are full", async () => {
    const { clock, limit } = limited();
    for (let key = 0; key < 1_000; key += 1) limit.take(`${key}`);
    expect(limit.size).toBe(1_000);
    await clock.advance(10_000);
    for (let asked = 0; asked < 1_000; asked += 1) limit.take("a");
    expect(limit.size).toBe(1);
  });

  test("that are not full are kept, though others are asked", async () => {
    const { clock, limit } = limited();
    taken(limit, "a", 3);
    for (let asked = 0; asked < 100; asked += 1) {
      limit.take(`b${asked}`);
      await clock.advance(50);
    }
    expect(limit.take("a").allowed).toBe(false);
  });

  test("are never more than the capacity", () => {
    const { limit } = limited({ capacity: 10 });
    for (let key = 0; key < 1_000; key += 1) limit.take(`${key}`);
    expect(limit.size).toBe(10);
  });
});
