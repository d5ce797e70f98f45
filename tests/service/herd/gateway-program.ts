/** A gateway as a process of its own, so that it can be killed; its driver starts nothing. The parent says what to serve. */
import { once } from "node:events";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import { startGateway } from "../../../src/gateway.ts";
import { createLog } from "../../../src/telemetry/index.ts";
import { createKeyRing } from "../../../src/tokens/index.ts";
import { InertDriver } from "../../bench/servers/inert-driver.ts";
import { ringKey } from "../../support/tokens.ts";
import type { ToServe } from "./gateway-process.ts";
import { gatewayId, readKey } from "./seed-sandboxes.ts";

const nextMessage = async () => (await once(process, "message"))[0];

const { database, replica, port, signingKey } = (await nextMessage()) as ToServe;
const gateway = await startGateway(
  {
    gatewayId,
    replica: { name: replica },
    database: database.kind === "sqlite" ? database : { kind: "postgres", url: new Secret(database.url) },
    listeners: [{ kind: "users", host: "127.0.0.1", port }],
    roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
    developmentUser: { hosts: [] },
    tokens: {},
    reflection: false,
  },
  {
    version: "0.0.0-test",
    keys: createKeyRing([ringKey(readKey(signingKey))]),
    createDriver: () => new InertDriver(),
    clock: systemClock,
    log: createLog({ level: "info", destination: process.stderr }),
  },
);
process.send?.({ url: gateway.addresses[0]?.url });

await nextMessage();
await gateway.drain("told by its parent", 20_000);
await gateway[Symbol.asyncDispose]();
process.disconnect();
