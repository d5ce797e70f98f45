/**
 * A gateway in a process of its own whose time stands still unless its parent moves it, and that says what is left in its
 * memory. To be started with `--expose-gc`.
 */
import { once } from "node:events";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { queryObjects } from "node:v8";
import { startGateway } from "../../../src/gateway.ts";
import { createLog } from "../../../src/telemetry/index.ts";
import { createKeyRing } from "../../../src/tokens/index.ts";
import { InertDriver } from "../../bench/servers/inert-driver.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { newKey, ringKey } from "../../support/tokens.ts";
import type { Held, Left, Question } from "./watched-gateway.ts";

const [directory] = await once(process, "message");
const clock = new FakeClock(Date.now());
const driver = new InertDriver();
const gateway = await startGateway(
  {
    gatewayId: "leaks",
    replica: { name: "replica-a" },
    database: { kind: "sqlite", path: join(directory, "openshell.db") },
    listeners: [{ kind: "users", host: "127.0.0.1", port: 0 }],
    roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
    developmentUser: { hosts: [] },
    tokens: {},
    reflection: false,
  },
  {
    version: "0.0.0-test",
    keys: createKeyRing([ringKey(newKey())]),
    createDriver: () => driver,
    clock,
    log: createLog({ level: "error", destination: { write: () => undefined } }),
  },
);
let warnings = 0;
process.on("warning", ({ name }) => {
  if (name === "MaxListenersExceededWarning") warnings += 1;
});

/** What a first collection frees may hold what a second one frees. */
async function collect(): Promise<void> {
  for (let collection = 0; collection < 3; collection++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function held(): Promise<Held> {
  await collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heapBytes: heapUsed, bufferBytes: arrayBuffers, objects: queryObjects(Object) as number };
}

async function left(): Promise<Left> {
  await collect();
  const handles = Object.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
  return {
    ...{ controllers: queryObjects(AbortController) as number, duplexes: queryObjects(Duplex) as number },
    ...{ timers: clock.waiting, warnings },
    handles: Object.fromEntries(Object.entries(handles).map(([kind, all = []]) => [kind, all.length])),
  };
}

async function answer(question: Question): Promise<unknown> {
  if ("advance" in question) return clock.advance(question.advance);
  if ("jump" in question) return clock.jump(question.jump);
  switch (question.ask) {
    case "tokens":
      return Object.fromEntries([...driver.tokens].map(([id, token]) => [id, token.reveal()]));
    case "buffers":
      await collect();
      return process.memoryUsage().arrayBuffers;
    case "held":
      return held();
    case "left":
      return left();
    case "drain":
      // Nothing but the end of all calls ends this: the clock stands still.
      return gateway.drain("told by its parent", 20_000);
  }
}

process.on("message", async (question: Question) => process.send?.({ answer: await answer(question) }));
process.on("disconnect", async () => {
  await gateway[Symbol.asyncDispose]();
  process.exit();
});
process.send?.({ answer: gateway.addresses[0]?.url });
