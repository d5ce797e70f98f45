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
import { type Change, openStore, type Store } from "../../src/store/index.ts";
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
  /** Learns all that the store has, and waits until what that brings is done. */
  catchUp(): Promise<void>;
  /** Learns what the store's feed tells, as it tells it, until it is disposed. */
  follow(): Promise<Disposable>;
  /** The same state with a new gateway on it; the driver lives on, as an engine would. The old world is over. */
  restart(): Promise<SandboxWorld>;
}

export interface WorldOptions {
  readonly belongings?: readonly Belongings[];
}

export const everyMs = 30_000;

export async function sandboxWorld(options: WorldOptions = {}): Promise<SandboxWorld> {
  const directory = temporaryDirectory();
  const open = () => openStore({ database: { kind: "sqlite", path: `${directory.path}/gateway.db` }, log: silentLog });
  return world({
    ...{ clock: new FakeClock(), driver: new ScriptedDriver(), key: newKey(), options, open },
    close: async (store) => store[Symbol.asyncDispose](),
    end: () => directory[Symbol.dispose](),
  });
}

/** Two replicas on one store, each with a driver of its own. They learn of each other when they are told to. */
export interface Replicas extends AsyncDisposable {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly a: SandboxWorld;
  readonly b: SandboxWorld;
}

export async function twoReplicas(): Promise<Replicas> {
  const [directory, clock, key] = [temporaryDirectory(), new FakeClock(), newKey()];
  const store = await openStore({
    database: { kind: "sqlite", path: `${directory.path}/gateway.db` },
    log: silentLog,
  });
  const replica = (name: string) =>
    world({
      ...{ clock, driver: new ScriptedDriver(), key, options: {}, replica: name, open: async () => store },
      close: async () => undefined,
      end: () => undefined,
    });
  const [a, b] = [await replica("a"), await replica("b")];
  return {
    ...{ store, clock, a, b },
    async [Symbol.asyncDispose]() {
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

interface Lasting {
  readonly clock: FakeClock;
  readonly driver: ScriptedDriver;
  readonly key: ReturnType<typeof newKey>;
  readonly options: WorldOptions;
  /** Where several share the store. */
  readonly replica?: string;
  open(): Promise<Store>;
  close(store: Store): Promise<void>;
  end(): void;
}

async function world(lasting: Lasting): Promise<SandboxWorld> {
  const { clock, driver, key, replica, options } = lasting;
  const log = silentLog;
  const audited: AuditEvent[] = [];
  const audit = (event: AuditEvent) => void audited.push(event);
  const store = await lasting.open();
  const registry = await SandboxRegistry.open({ store: store.sandboxes, clock, ...(replica && { replica }) });
  const owns = (sandbox: SandboxRecord) => sandbox.replica === replica;
  const tokens = await createTokens({
    ...{ gatewayId: "test", keys: createKeyRing([ringKey(key)]), store: store.families, clock, audit, log },
    deliver: deliverToSandboxes(registry, driver, owns),
  });
  const { belongings = [] } = options;
  const lifecycle = new SandboxLifecycle({ registry, tokens, driver, belongings, audit, log, owns });
  const keeper = new SandboxKeeper({ registry, lifecycle, tokens, driver, clock, log, everyMs, owns });
  const close = async () => {
    await keeper[Symbol.asyncDispose]();
    await lifecycle[Symbol.asyncDispose]();
    await tokens[Symbol.asyncDispose]();
    await lasting.close(store);
  };
  const ids = (changes: readonly Change[]) => changes.flatMap((change) => (change.kind === "sandbox" ? change.id : []));
  const families = (changes: readonly Change[]) =>
    changes.flatMap((change) => (change.kind === "family" ? change.id : []));
  return {
    ...{ clock, driver, store, tokens, registry, lifecycle, keeper, audited },
    made: (wanted = {}) => lifecycle.create(newSandbox(wanted), userPrincipal()),
    async catchUp() {
      await tokens.follower.reload();
      await registry.follower.reload();
      await lifecycle.idle();
    },
    follow: () =>
      store.feed.follow({
        async reload() {
          await tokens.follower.reload();
          await registry.follower.reload();
        },
        async learn(changes) {
          await tokens.follower.learn(families(changes));
          await registry.follower.learn(ids(changes));
        },
      }),
    async restart() {
      await close();
      return world(lasting);
    },
    async [Symbol.asyncDispose]() {
      await close();
      lasting.end();
    },
  };
}

/** What a user could want, with what a test does not care for filled in. */
export function newSandbox(wanted: Partial<NewSandbox> = {}): NewSandbox {
  return { name: "a", workspace: "default", spec: specOf(), labels: {}, annotations: {}, ...wanted };
}

export const specOf = (spec: MessageInitShape<typeof SandboxSpecSchema> = {}) => create(SandboxSpecSchema, spec);
