/** A gateway that shares its database with others, in a process of its own. Only its driver starts nothing. */
import { flushCompileCache } from "node:module";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type Gateway, startGateway } from "../../../src/gateway.ts";
import { createLog } from "../../../src/telemetry/index.ts";
import { createReloadingKeyRing } from "../../../src/tokens/keys/index.ts";
import { FileDriver } from "./file-driver.ts";
import type { ReplicaOptions, Told } from "./replica-process.ts";

const log = createLog({ level: "debug", destination: process.stderr });

async function start(options: ReplicaOptions): Promise<Gateway> {
  const { name, port, databaseUrl, keyPaths, tokenDirectory, tokens = {}, skewMs = 0 } = options;
  const clock = { ...systemClock, now: () => Date.now() + skewMs };
  return startGateway(
    {
      gatewayId: "openshell",
      database: { kind: "postgres", url: new Secret(databaseUrl) },
      replica: { name },
      listeners: [{ kind: "users", host: "127.0.0.1", port }],
      roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
      developmentUser: { hosts: [] },
      tokens,
      reflection: false,
    },
    {
      version: "0.0.0-test",
      keys: await createReloadingKeyRing({ paths: keyPaths, clock: systemClock, log }),
      createDriver: () => new FileDriver(tokenDirectory),
      ...{ clock, log },
    },
  );
}

let gateway: Gateway | undefined;
process.on("message", async (told: Told) => {
  if (told.kind === "start") {
    gateway = await start(told.options);
    process.send?.("serving");
    return;
  }
  await gateway?.drain("the test says so", told.deadlineMs);
  await gateway?.[Symbol.asyncDispose]();
  process.exit();
});
// Nobody is left whom it could serve.
process.on("disconnect", () => process.exit());
// One that is killed would keep nothing of what was compiled.
flushCompileCache();
process.send?.("loaded");
