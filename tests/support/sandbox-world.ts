import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { SandboxSpecSchema } from "../../gen/openshell/v1/sandboxes_pb.ts";
import type { AuditEvent } from "../../src/core/audit.ts";
import { silentLog } from "../../src/core/log.ts";
import {
  type Belongings,
  deliverToSandboxes,
  type NewSandbox,
  SandboxKeeper,
  SandboxLifecycle,
  type SandboxRecord,
  SandboxRegistry,
} from "../../src/services/sandboxes/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { createKeyRing, createTokens, type Tokens } from "../../src/tokens/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { userPrincipal } from "./principals.ts";
import { ScriptedDriver } from "./scripted-driver.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { newKey, ringKey } from "./tokens.ts";

/** Everything that the life of a sandbox needs, on a real store and with real tokens; the driver is a scripted one. */
export interface SandboxWorld extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly driver: ScriptedDriver;
  readonly store: Store;
  readonly tokens: Tokens;
  readonly registry: SandboxRegistry;
  readonly lifecycle: SandboxLifecycle;
  readonly keeper: SandboxKeeper;
  readonly audited: AuditEvent[];
  /** Makes a sandbox as a user would, with what a test does not care for filled in. */
  made(wanted?: Partial<NewSandbox>): Promise<SandboxRecord>;
  /** The same state with a new gateway on it; the driver lives on, as an engine would. The old world is over. */
  restart(): Promise<SandboxWorld>;
}

export interface WorldOptions {
  readonly belongings?: readonly Belongings[];
}

export const everyMs = 30_000;

export async function sandboxWorld(options: WorldOptions = {}): Promise<SandboxWorld> {
  const directory = temporaryDirectory();
  return world({ directory, clock: new FakeClock(), driver: new ScriptedDriver(), key: newKey() }, options);
}

interface Lasting {
  readonly directory: ReturnType<typeof temporaryDirectory>;
  readonly clock: FakeClock;
  readonly driver: ScriptedDriver;
  readonly key: ReturnType<typeof newKey>;
}

async function world(lasting: Lasting, options: WorldOptions): Promise<SandboxWorld> {
  const { directory, clock, driver, key } = lasting;
  const audited: AuditEvent[] = [];
  const audit = (event: AuditEvent) => void audited.push(event);
  const store = await openStore({ database: { kind: "sqlite", path: `${directory.path}/gateway.db` }, log: silentLog });
  const registry = await SandboxRegistry.open({ store: store.sandboxes, clock });
  const tokens = await createTokens({
    ...{ gatewayId: "test", keys: createKeyRing([ringKey(key)]), store: store.families, clock, audit, log: silentLog },
    deliver: deliverToSandboxes(registry, driver),
  });
  const { belongings = [] } = options;
  const lifecycle = new SandboxLifecycle({ registry, tokens, driver, belongings, audit, log: silentLog });
  const keeper = new SandboxKeeper({ registry, lifecycle, tokens, driver, clock, log: silentLog, everyMs });
  const close = async () => {
    await keeper[Symbol.asyncDispose]();
    await tokens[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  return {
    ...{ clock, driver, store, tokens, registry, lifecycle, keeper, audited },
    made: (wanted = {}) => lifecycle.create(newSandbox(wanted), userPrincipal()),
    async restart() {
      await close();
      return world(lasting, options);
    },
    async [Symbol.asyncDispose]() {
      await close();
      directory[Symbol.dispose]();
    },
  };
}

/** What a user could want, with what a test does not care for filled in. */
export function newSandbox(wanted: Partial<NewSandbox> = {}): NewSandbox {
  return { name: "a", workspace: "default", spec: specOf(), labels: {}, annotations: {}, ...wanted };
}

export const specOf = (spec: MessageInitShape<typeof SandboxSpecSchema> = {}) => create(SandboxSpecSchema, spec);
