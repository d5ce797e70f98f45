import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newSandboxId } from "../../src/core/ids.ts";
import { Secret } from "../../src/core/secret.ts";
import { Fixture, isAlive, until } from "./process-driver-fixture.ts";

let fixture: Fixture;
beforeEach(async () => {
  fixture = await Fixture.make();
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe("a supervisor", () => {
  test("gets what it needs and nothing else of the gateway's environment", async () => {
    const { spec, started } = await fixture.run();
    const { PATH, __CF_USER_TEXT_ENCODING, ...environment } = started.environment;
    expect(environment).toEqual({
      HOME: "/nowhere",
      OPENSHELL_ENDPOINT: "http://127.0.0.1:17670",
      OPENSHELL_TLS_CA: "/tls/ca.crt",
      OPENSHELL_SANDBOX_ID: spec.id,
      OPENSHELL_SANDBOX: "quiet-otter",
      OPENSHELL_SANDBOX_TOKEN_FILE: join(fixture.stateDir, spec.id, "auth", "sandbox.jwt"),
      OPENSHELL_LOG_LEVEL: "warn",
      OPENSHELL_MAIN_PROCESS_SPEC: '{"version":1,"command":["/bin/echo","hello"],"tty":false}',
      OPENSHELL_USER_ENVIRONMENT: JSON.stringify(spec.environment),
    });
    expect(PATH).toBe(process.env["PATH"]);
  });

  test("finds the delivered token in its file, and the token is nowhere in its environment", async () => {
    const { started } = await fixture.run();
    expect(started.token).toBe("first\n");
    expect(JSON.stringify(started.environment)).not.toContain("first");
  });

  test("holds no file of the gateway's but its log", async () => {
    const { spec, started } = await fixture.run();
    const descriptors = `/proc/${started.pid}/fd`;
    const files = readdirSync(descriptors).map((name) => readlinkSync(join(descriptors, name)));
    const named = new Set(files.filter((path) => path.startsWith("/")));
    expect(named).toEqual(new Set(["/dev/null", join(fixture.stateDir, spec.id, "supervisor.log")]));
  });

  test("writes what it says to a file that others cannot read", async () => {
    const { spec } = await fixture.run();
    const path = join(fixture.stateDir, spec.id, "supervisor.log");
    await until(() => readFileSync(path, "utf8").includes("the supervisor speaks"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("is started once, however often that is asked", async () => {
    const { spec } = await fixture.run();
    await Promise.all([fixture.driver.start(spec), fixture.driver.start(spec)]);
    expect(fixture.events).toEqual([{ kind: "started", sandboxId: spec.id }]);
  });

  test("is not started without a token", async () => {
    const spec = fixture.spec();
    await expect(fixture.driver.start(spec)).rejects.toThrow(`no token was delivered for sandbox ${spec.id}`);
  });

  test("whose program is missing is refused, and tried again only when asked", async () => {
    const driver = fixture.open({ command: ["/nowhere/openshell-sandbox"] });
    const spec = fixture.spec();
    await driver.deliverToken(spec.id, new Secret("first"));
    await expect(driver.start(spec)).rejects.toThrow(
      "the supervisor /nowhere/openshell-sandbox could not be started: ENOENT",
    );
    await fixture.clock.advance(60_000);
    expect(fixture.events).toEqual([]);
  });
});

describe("a supervisor that is killed", () => {
  test("is started again after a pause, with a token of a new family", async () => {
    const { spec, started } = await fixture.run();
    process.kill(started.pid, "SIGKILL");
    await until(() => fixture.events.length === 2);
    expect(fixture.events[1]).toEqual({
      kind: "exited",
      sandboxId: spec.id,
      detail: "signal SIGKILL",
      willRestartInMs: 2_000,
    });
    await fixture.clock.advance(1_999);
    expect(fixture.renewed).toEqual([]);
    await fixture.clock.advance(1);
    const [, second] = await fixture.starts(spec.id, 2);
    expect(second?.token).toBe("renewed-1\n");
    expect(second?.pid).not.toBe(started.pid);
  });

  test.each([
    ["a shell's background job too", "job"],
    ["a main process that had begun a session of its own too", "job apart"],
  ])("takes with it what it had started, %s", async (_what, mode) => {
    const { started } = await fixture.run(mode);
    expect(isAlive(started.job!)).toBe(true);
    await fixture.clock.advance(1_000);
    process.kill(started.pid, "SIGKILL");
    await until(() => !isAlive(started.job!));
  });

  test("waits longer each time, and short again after it ran for a minute", async () => {
    const { spec, started } = await fixture.run();
    const waits = [];
    let { pid } = started;
    for (const [round, ranFor] of [0, 0, 0, 0, 0, 60_000].entries()) {
      await fixture.clock.advance(ranFor);
      process.kill(pid, "SIGKILL");
      await until(() => fixture.events.filter((event) => event.kind === "exited").length === round + 1);
      const last = fixture.events.at(-1);
      if (last?.kind !== "exited") throw new Error("the last event should be the exit");
      waits.push(last.willRestartInMs);
      await fixture.clock.advance(last.willRestartInMs);
      pid = (await fixture.starts(spec.id, round + 2)).at(-1)!.pid;
      await until(() => fixture.events.at(-1)?.kind === "started");
    }
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 2_000]);
  });

  test("stays down while there is no new token, and is started once there is", async () => {
    const { spec, started } = await fixture.run();
    let asked = 0;
    const renew = fixture.renew;
    fixture.renew = async (id) => {
      asked += 1;
      if (asked < 3) throw new Error("the store is not available");
      await renew(id);
    };
    process.kill(started.pid, "SIGKILL");
    await until(() => fixture.events.length === 2);
    await fixture.clock.advance(2_000);
    expect(asked).toBe(1);
    await fixture.clock.advance(4_000);
    expect(asked).toBe(2);
    await fixture.clock.advance(8_000);
    expect((await fixture.starts(spec.id, 2))[1]?.token).toBe("renewed-1\n");
  });

  test("stays down when its sandbox is stopped meanwhile", async () => {
    const { spec, started } = await fixture.run();
    process.kill(started.pid, "SIGKILL");
    await until(() => fixture.events.length === 2);
    await fixture.driver.stop(spec.id);
    await fixture.clock.advance(60_000);
    expect(fixture.renewed).toEqual([]);
  });

  test("stays down when its sandbox is stopped while the new token is made", async () => {
    const { spec, started } = await fixture.run();
    const made = Promise.withResolvers<void>();
    let asked = false;
    fixture.renew = () => {
      asked = true;
      return made.promise;
    };
    process.kill(started.pid, "SIGKILL");
    await until(() => fixture.events.length === 2);
    await fixture.clock.advance(2_000);
    expect(asked).toBe(true);
    await fixture.driver.stop(spec.id);
    made.resolve();
    await fixture.clock.advance(60_000);
    expect(await fixture.starts(spec.id, 1)).toHaveLength(1);
    expect(fixture.events.map((event) => event.kind)).toEqual(["started", "exited"]);
  });
});

describe("stop", () => {
  test.each(["job", "job apart"])(
    "ends the supervisor and its children (%s), and it is not started again",
    async (mode) => {
      const { spec, started } = await fixture.run(mode);
      await fixture.driver.stop(spec.id);
      expect(isAlive(started.pid)).toBe(false);
      await until(() => !isAlive(started.job!));
      await fixture.clock.advance(60_000);
      expect(fixture.events.map((event) => event.kind)).toEqual(["started"]);
    },
  );

  test("kills a supervisor that does not end within five seconds", async () => {
    const { spec, started } = await fixture.run("stubborn");
    const stopped = fixture.driver.stop(spec.id);
    await fixture.clock.advance(0);
    await fixture.clock.advance(4_999);
    expect(isAlive(started.pid)).toBe(true);
    await fixture.clock.advance(1);
    await stopped;
    expect(isAlive(started.pid)).toBe(false);
  });

  test("keeps the token file, so that the sandbox can be started again", async () => {
    const { spec } = await fixture.run();
    await fixture.driver.stop(spec.id);
    expect((await fixture.driver.deliveredToken(spec.id))?.reveal()).toBe("first");
    await fixture.driver.start(spec);
    expect(await fixture.starts(spec.id, 2)).toHaveLength(2);
  });

  test("of a sandbox that nobody knows does nothing", async () => {
    await expect(fixture.driver.stop(newSandboxId())).resolves.toBeUndefined();
  });
});

test("remove ends the supervisor and leaves nothing of the sandbox", async () => {
  const { spec, started } = await fixture.run();
  await fixture.driver.remove(spec.id);
  expect(isAlive(started.pid)).toBe(false);
  expect(existsSync(join(fixture.stateDir, spec.id))).toBe(false);
  await expect(fixture.driver.remove(spec.id)).resolves.toBeUndefined();
});

test("disposing the driver ends every supervisor, one that is just being started too, and starts no other", async () => {
  const [a, b] = [await fixture.run(), await fixture.run()];
  const late = fixture.spec();
  await fixture.driver.deliverToken(late.id, new Secret("first"));
  const starting = Promise.allSettled([fixture.driver.start(late)]);
  await fixture.driver[Symbol.asyncDispose]();
  expect([isAlive(a.started.pid), isAlive(b.started.pid)]).toEqual([false, false]);
  expect((await starting)[0]?.status).toBe("rejected");
  await expect(fixture.driver.start(late)).rejects.toThrow("the process driver is closed");
});

test("a log that grew too long becomes the older one, and the supervisor goes on writing", async () => {
  const { spec } = await fixture.run("chatty");
  const path = join(fixture.stateDir, spec.id, "supervisor.log");
  writeFileSync(path, `${"x".repeat(100)}\n`, { flag: "a" });
  await fixture.clock.advance(10_000);
  await until(() => existsSync(`${path}.1`) && !readFileSync(path, "utf8").includes("x"));
  await until(() => readFileSync(path, "utf8").includes("still here\n"));
  expect(readFileSync(path, "utf8")).not.toContain("\0");
  expect(readFileSync(`${path}.1`, "utf8")).toContain("xxx");
  expect(statSync(`${path}.1`).mode & 0o777).toBe(0o600);
});
