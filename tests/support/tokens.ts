import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { type Arrival, type Authenticate, createChain, createSandboxJwtAuthenticator } from "../../src/auth/index.ts";
import type { AuditEvent } from "../../src/core/audit.ts";
import { newSandboxId, type SandboxId } from "../../src/core/ids.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Principal, SandboxPrincipal } from "../../src/core/principal.ts";
import { Refusal, type Verdict } from "../../src/core/refusal.ts";
import type { Secret } from "../../src/core/secret.ts";
import {
  createKeyRing,
  createSigner,
  createTokens,
  type IssuedToken,
  type KeyRing,
  type KeyState,
  type RingKey,
  type Tokens,
  type TokensOptions,
} from "../../src/tokens/index.ts";
import { FakeClock } from "./fake-clock.ts";
import { MemoryFamilyStore } from "./memory-family-store.ts";

const fullName = (name: string) => `${OpenShell.typeName}/${name}`;
export const refreshMethod = fullName(OpenShell.method.refreshSandboxToken.name);
export const callMethod = fullName(OpenShell.method.getSandboxConfig.name);

/** A call from the machine itself to a listener for users. */
export const arrival: Arrival = {
  listener: "users",
  peer: "127.0.0.1",
  localAddress: "127.0.0.1",
  host: "127.0.0.1:17670",
  origin: undefined,
  encrypted: false,
};

/** A signing key of this very test run. */
export interface TestKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function newKey(keyId?: string): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, publicKey, keyId: keyId ?? createSigner(privateKey).keyId };
}

export const ringKey = ({ keyId, publicKey, privateKey }: TestKey, state: KeyState = "active"): RingKey => ({
  keyId,
  publicKey,
  state,
  signer: createSigner(privateKey, keyId),
});

/** A ring whose keys the test may exchange, or revoke, while it serves. */
export function changeableRing(
  ...keys: RingKey[]
): KeyRing & { become(...keys: RingKey[]): void; revoke(keyId: string, ...left: RingKey[]): void } {
  let ring = createKeyRing(keys);
  const listeners = new Set<(keyId: string) => void>();
  return {
    get active() {
      return ring.active;
    },
    find: (keyId) => ring.find(keyId),
    jwks: () => ring.jwks(),
    onRevoked(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    become(...next) {
      ring = createKeyRing(next);
    },
    revoke(keyId, ...left) {
      ring = createKeyRing(left);
      for (const listener of listeners) listener(keyId);
    },
  };
}

export const base64Url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** A token with these very bytes as header and payload, signed over them. */
export function spell(header: string | Uint8Array, payload: string | Uint8Array, key: KeyObject): string {
  const signed = `${base64Url(header)}.${base64Url(payload)}`;
  return `${signed}.${base64Url(sign(null, Buffer.from(signed), key))}`;
}

export interface Parts {
  readonly header: Record<string, unknown>;
  readonly payload: Record<string, unknown>;
}

/** What a token says, unverified. */
export function partsOf(token: Secret | string): Parts {
  const text = typeof token === "string" ? token : token.reveal();
  const read = (part = "") => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  const [header, payload] = text.split(".");
  return { header: read(header), payload: read(payload) };
}

export interface Gateway extends AsyncDisposable {
  readonly tokens: Tokens;
  readonly clock: FakeClock;
  readonly store: MemoryFamilyStore;
  readonly key: TestKey;
  readonly audited: AuditEvent[];
  /** What was delivered to each sandbox, the latest last. */
  readonly delivered: Map<SandboxId, Secret[]>;
  readonly authenticate: Authenticate;
  /** Presents a token for a method, as a call would. */
  present(token: Secret | string, method?: string): Promise<Verdict<Principal>>;
  /** Presents a token for its refresh and refreshes it. */
  refresh(token: Secret | string, request?: { conflict: boolean }): Promise<IssuedToken>;
  /** A token of a sandbox of its own, current and not presented. */
  issued(sandboxId?: SandboxId): Promise<{ sandboxId: SandboxId; token: Secret; text: string } & Parts>;
  /**
   * A token like a good one of a live family, but for what `forge` changes in it; signed with the gateway's own key, so
   * that nothing else is wrong with it.
   */
  forged(forge: (good: Parts) => { header?: unknown; payload?: unknown }): Promise<string>;
}

/** Everything that deals with tokens, put together as the gateway does, on a store in memory and a clock that stands still. */
export async function startTokens(
  over: Partial<TokensOptions> & { store?: MemoryFamilyStore; clock?: FakeClock; key?: TestKey } = {},
): Promise<Gateway> {
  const { clock = new FakeClock(), store = new MemoryFamilyStore(), key = newKey(), ...options } = over;
  const audited: AuditEvent[] = [];
  const delivered = new Map<SandboxId, Secret[]>();
  const tokens = await createTokens({
    gatewayId: "test",
    keys: createKeyRing([ringKey(key)]),
    store,
    clock,
    log: silentLog,
    audit: (event) => audited.push(event),
    deliver: async (sandboxId, token) => {
      delivered.set(sandboxId, [...(delivered.get(sandboxId) ?? []), token]);
    },
    ...options,
  });
  const authenticate = createChain({ authenticators: [createSandboxJwtAuthenticator({ tokens })] });
  const textOf = (token: Secret | string) => (typeof token === "string" ? token : token.reveal());
  const present = async (token: Secret | string, method = callMethod) =>
    authenticate({ method, bearer: textOf(token), arrival });
  const issued = async (sandboxId = newSandboxId()) => {
    const { token } = await tokens.issue(sandboxId, "created");
    return { sandboxId, token, text: token.reveal(), ...partsOf(token) };
  };
  return {
    tokens,
    clock,
    store,
    key,
    audited,
    delivered,
    authenticate,
    present,
    async refresh(token, request = { conflict: false }) {
      const verdict = await present(token, refreshMethod);
      if (!verdict.ok) throw new Refusal(verdict.reason);
      return tokens.refresh(verdict.value as SandboxPrincipal, request);
    },
    issued,
    async forged(forge) {
      const good = await issued();
      const { header = good.header, payload = good.payload } = forge(good);
      return spell(textFor(header), textFor(payload), key.privateKey);
    },
    [Symbol.asyncDispose]: () => tokens[Symbol.asyncDispose](),
  };
}

/** What one of two replicas may have of its own. */
type ReplicaOptions = Partial<Omit<TokensOptions, "store" | "clock">>;

export interface Replicas extends AsyncDisposable {
  readonly a: Gateway;
  readonly b: Gateway;
  readonly store: MemoryFamilyStore;
  readonly clock: FakeClock;
}

/** Two replicas on one store, with one key and one clock. Neither hears of the other but where the test tells its follower. */
export async function startReplicas(
  over: { store?: MemoryFamilyStore; a?: ReplicaOptions; b?: ReplicaOptions } = {},
): Promise<Replicas> {
  const shared = { store: over.store ?? new MemoryFamilyStore(), clock: new FakeClock(), key: newKey() };
  const a = await startTokens({ ...shared, ...over.a });
  const b = await startTokens({ ...shared, ...over.b });
  return {
    ...{ a, b, store: shared.store, clock: shared.clock },
    async [Symbol.asyncDispose]() {
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
    },
  };
}

/** The principal of a good token, as a call that is under way has it. */
export async function admitted(gateway: Gateway, token: Secret | string, method?: string): Promise<SandboxPrincipal> {
  const verdict = await gateway.present(token, method);
  if (!verdict.ok || verdict.value.kind !== "sandbox") throw new Error("not admitted");
  return verdict.value;
}

/** Long enough for all that takes turns of the event loop and no time of the clock. */
export async function turns(): Promise<void> {
  for (let at = 0; at < 20; at += 1) await new Promise(setImmediate);
}

const textFor = (part: unknown) =>
  typeof part === "string" || part instanceof Uint8Array ? part : JSON.stringify(part);

/** The verdict of a refusal. */
export const refusedFor = (reason: string) => ({ ok: false, reason });
