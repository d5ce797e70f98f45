import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { Fixture, isAlive, type Started, until } from "./process-driver-fixture.ts";

let fixture: Fixture;
let left: Started | undefined;
beforeEach(async () => {
  fixture = await Fixture.make();
});
afterEach(async () => {
  if (left && isAlive(left.pid)) process.kill(-left.pid, "SIGKILL");
  left = undefined;
  await fixture[Symbol.asyncDispose]();
});

/** A supervisor that runs while its driver is forgotten, as after `kill -9` of a gateway. */
async function leftBehind(mode = "") {
  const { spec, started } = await fixture.run(mode);
  left = started;
  const pidFile = join(fixture.stateDir, spec.id, "supervisor.pid");
  const [pid, rest = ""] = readFileSync(pidFile, "utf8").split("\n");
  expect(Number(pid)).toBe(started.pid);
  return { spec, started, pidFile, remembered: JSON.parse(rest) };
}

test.each(["job", "job apart"])(
  "a supervisor that outlived its gateway is ended before the next starts (%s)",
  async (mode) => {
    const { spec, started } = await leftBehind(mode);
    const next = fixture.open({ clock: systemClock });
    await next.start(spec);
    expect(isAlive(started.pid)).toBe(false);
    await until(() => !isAlive(started.job!));
    expect((await fixture.starts(spec.id, 2))[1]?.pid).not.toBe(started.pid);
  },
);

test("it is ended by stop and by remove too", async () => {
  const { spec, started } = await leftBehind();
  await fixture.open({ clock: systemClock }).remove(spec.id);
  expect(isAlive(started.pid)).toBe(false);
});

test.each([
  ["that started at another time", { startTime: "1" }],
  ["with another command line", { commandLine: "/usr/bin/vi\0notes" }],
  ["of another boot", { bootId: "00000000-0000-4000-8000-000000000000" }],
])("a process %s that has the remembered number is left alone", async (_difference, changed) => {
  const { spec, started, pidFile, remembered } = await leftBehind();
  writeFileSync(pidFile, `${started.pid}\n${JSON.stringify({ ...remembered, ...changed })}\n`);
  await fixture.open({ clock: systemClock }).stop(spec.id);
  expect(isAlive(started.pid)).toBe(true);
});

test.each([
  ["half written", () => "123"],
  ["cut off in the middle", (whole: string) => whole.slice(0, -9)],
  ["of another make", (whole: string) => whole.replace('{"', '{"more":1,"')],
  ["with a number that would mean everybody", (whole: string) => `-${whole}`],
])("a pid file %s ends nobody", async (_name, change) => {
  const { spec, started, pidFile } = await leftBehind();
  writeFileSync(pidFile, change(readFileSync(pidFile, "utf8")));
  await fixture.open({ clock: systemClock }).stop(spec.id);
  expect(isAlive(started.pid)).toBe(true);
});

test("where the kernel tells nothing about processes, nobody is ended", async () => {
  const { spec, started } = await leftBehind();
  await fixture.open({ clock: systemClock, procRoot: "/nowhere" }).stop(spec.id);
  expect(isAlive(started.pid)).toBe(true);
});
