import { expect, test } from "vitest";
import { InFlight } from "../../../../src/http/servers/in-flight.ts";

test("whoever waits for none hears when the last one leaves", async () => {
  const inFlight = new InFlight();
  await inFlight.none();
  inFlight.enter();
  inFlight.enter();
  let none = false;
  const waited = inFlight.none().then(() => {
    none = true;
  });
  inFlight.leave();
  await Promise.resolve();
  expect([none, inFlight.count]).toEqual([false, 1]);
  inFlight.leave();
  await waited;
  expect([none, inFlight.count]).toEqual([true, 0]);
});
