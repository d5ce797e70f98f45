import { type Authenticate, createChain, createSandboxJwtAuthenticator } from "../../../src/auth/index.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { type FamilyId, newSandboxId, type SandboxId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { SandboxPrincipal } from "../../../src/core/principal.ts";
import { Refusal, type Verdict } from "../../../src/core/refusal.ts";
import type { Change, Store } from "../../../src/store/index.ts";
import { createKeyRing, createTokens, type IssuedToken, type Tokens } from "../../../src/tokens/index.ts";
import { newSandbox } from "../../contract/sandboxes.ts";
import { arrival, callMethod, refreshMethod, ringKey, type TestKey } from "../../support/tokens.ts";
import { Failures, failingStore, type TokenFile } from "./failing.ts";

const boundMs = 5_000;

export interface ReplicaOptions {
  readonly store: () => Store;
  readonly clock: Clock;
  readonly key: TestKey;
  readonly file: TokenFile;
  /** Is it the owner of the sandbox, which alone writes its file? */
  readonly owns: boolean;
}

/** A replica of the gateway as far as it deals with tokens, which hears of the others' changes when the test lets it. */
export class Replica implements AsyncDisposable {
  readonly failures = new Failures();
  /** How long it has heard nothing, as it says itself. */
  staleMs = 0;
  /** Is there something committed that it was not told? */
  isBehind = false;
  readonly #options: ReplicaOptions;
  #tokens: Tokens | undefined;
  #authenticate: Authenticate | undefined;
  #following: Disposable | undefined;
  /** What the feed said and the replica was not told yet. */
  readonly #heard = new Set<FamilyId>();
  #hasMissed = false;
  readonly #markers = new Map<SandboxId, () => void>();

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  get tokens(): Tokens {
    if (!this.#tokens) throw new Error("the replica does not run");
    return this.#tokens;
  }

  get isBlind(): boolean {
    return this.staleMs > boundMs;
  }

  async start(): Promise<void> {
    const { clock, key, file, owns } = this.#options;
    const { failures } = this;
    const store = this.#options.store();
    const ring = ringKey(key);
    const signer = {
      keyId: key.keyId,
      sign: async (bytes: Uint8Array) => {
        failures.meet("before-sign");
        return (await ring.signer?.sign(bytes)) ?? new Uint8Array();
      },
    };
    this.#tokens = await createTokens({
      ...{ gatewayId: "model", clock, log: silentLog, audit: () => undefined, longestBlindMs: boundMs },
      ...{ refreshPerMinute: 1_000_000, refreshBurst: 1_000_000 },
      keys: createKeyRing([{ ...ring, signer }]),
      store: failingStore(store.families, failures),
      owns: () => owns,
      staleness: () => this.staleMs,
      deliver: async (_sandboxId, token) => {
        if (!owns) return;
        failures.meet("before-deliver");
        file.token = token;
        failures.meet("after-deliver");
      },
    });
    this.#authenticate = createChain({ authenticators: [createSandboxJwtAuthenticator({ tokens: this.#tokens })] });
    this.#following = await store.feed.follow({
      reload: async () => {
        this.#hasMissed = true;
        for (const heard of this.#markers.values()) heard();
      },
      learn: async (changes) => this.#hear(changes),
    });
    await this.#tokens.follower.reload();
    this.#forgetHeard();
    this.isBehind = false;
    this.staleMs = 0;
  }

  async stop(): Promise<void> {
    this.#following?.[Symbol.dispose]();
    await this.#tokens?.[Symbol.asyncDispose]();
    this.#tokens = undefined;
    this.failures.next = undefined;
  }

  /** All that was committed until now is told, as the change feed has it. */
  async learn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const id = newSandboxId();
    this.#markers.set(id, resolve);
    await this.#options.store().sandboxes.insert(newSandbox({ id }));
    await promise;
    const familyIds = [...this.#heard];
    const hasMissed = this.#hasMissed;
    this.#forgetHeard();
    if (hasMissed) await this.tokens.follower.reload();
    else if (familyIds.length > 0) await this.tokens.follower.learn(familyIds);
    this.isBehind = false;
    this.staleMs = 0;
  }

  get hasMissed(): boolean {
    return this.#hasMissed;
  }

  /** All is to be read again, as after the feed's connection broke. */
  miss(): void {
    this.#hasMissed = true;
    this.isBehind = true;
  }

  /** Presents a token as a call would. */
  async call(text: string): Promise<Verdict<SandboxPrincipal>> {
    return this.#present(text, callMethod);
  }

  async refresh(text: string, conflict = false): Promise<IssuedToken> {
    const verdict = await this.#present(text, refreshMethod);
    if (!verdict.ok) throw new Refusal(verdict.reason);
    return this.tokens.refresh(verdict.value, { conflict });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #present(text: string, method: string): Promise<Verdict<SandboxPrincipal>> {
    if (!this.#authenticate) throw new Error("the replica does not run");
    const verdict = await this.#authenticate({ method, bearer: text, arrival });
    if (!verdict.ok) return verdict;
    if (verdict.value.kind !== "sandbox") throw new Error("a token of a sandbox makes a sandbox");
    return { ok: true, value: verdict.value };
  }

  #hear(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "family") this.#heard.add(change.id);
      if (change.kind !== "sandbox") continue;
      this.#markers.get(change.id)?.();
      this.#markers.delete(change.id);
    }
  }

  #forgetHeard(): void {
    this.#heard.clear();
    this.#hasMissed = false;
  }
}
