import type { Audit } from "../core/audit.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { AsyncDisposableStack } from "../core/disposable-stacks.ts";
import type { FamilyId, SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Principal } from "../core/principal.ts";
import type { Secret } from "../core/secret.ts";
import { type Admit, createAdmission } from "./admission.ts";
import { AwaitedKeys } from "./awaited-keys.ts";
import { authorityOf } from "./claims.ts";
import { Deliveries } from "./deliveries.ts";
import type { DeliverToken } from "./delivery.ts";
import { FamilyLedger } from "./family-ledger.ts";
import type { Family, FamilyStore, RevocationCause } from "./family-store.ts";
import { followMoved } from "./follow-moved.ts";
import { createIssue, type Issue } from "./issue.ts";
import type { KeyRing } from "./key-ring.ts";
import { Leases, type TokenLease } from "./leases.ts";
import { createMinter, type OnMinted } from "./minter.ts";
import { horizon, startPruning } from "./pruning.ts";
import { RateLimit } from "./rate-limit.ts";
import { longestTtlSeconds } from "./read-claims.ts";
import { createRefresh, type Refresh } from "./refresh.ts";
import { createReuseAlarm } from "./reuse-alarm.ts";
import { followRevokedKeys } from "./revoked-keys.ts";
import { createVerify, type Verify } from "./verify.ts";

export interface TokensOptions {
  /** Names the gateway in its tokens; stable over its life, and different for each gateway. */
  readonly gatewayId: string;
  readonly keys: KeyRing;
  readonly store: FamilyStore;
  /** Brings a token to a sandbox that does not pull its own. */
  readonly deliver: DeliverToken;
  readonly audit: Audit;
  readonly log: Log;
  readonly clock?: Clock;
  /** How long a token lives: 60 s to 24 h, 1 h where nothing is said (requirement T1). */
  readonly ttlSeconds?: number;
  /** How far clocks may differ: up to 30 s, 5 s where nothing is said. */
  readonly leewaySeconds?: number;
  /** For how long after a rotation the token before may have been in flight, 10 s where nothing is said. */
  readonly refreshGraceMs?: number;
  /** Whether a reused token ends its family; true where nothing is said. */
  readonly revokeOnReuse?: boolean;
  /** How many refreshes a family may ask for in the long run, at each replica: 1 to 1,000,000 a minute, 10 where nothing is said. */
  readonly refreshPerMinute?: number;
  /** How many of them at once: 1 to 1,000,000, 10 where nothing is said. */
  readonly refreshBurst?: number;
  /**
   * For how long, in milliseconds, other replicas may have changed families that nobody told this one of; asked for every
   * call. Always 0 where nothing is said: nobody else writes to the store.
   */
  readonly staleness?: () => number;
  /** How stale memory may be before every token is refused (requirement T6): 1,000 to 60,000 ms, 5,000 where nothing is said. */
  readonly longestBlindMs?: number;
  /**
   * Does this replica deliver the sandbox's tokens, also those that another one made? True where nothing is said;
   * `deliver` may still do nothing.
   */
  readonly owns?: (sandboxId: SandboxId) => boolean;
}

/** What keeps memory true to a store that other replicas write to; to be told by the store's change feed. */
interface FamilyFollower {
  /** Reads all families that still matter. Where the store turns out to have been restored, memory goes back with it. */
  reload(): Promise<void>;
  /** Reads these families. */
  learn(familyIds: readonly FamilyId[]): Promise<void>;
}

/** What an honest sandbox never comes near: drivers wait ever longer before they start a supervisor again. */
const issueLimit = { burst: 5, perMinute: 60 };

/** Counts for metrics. Those of events are since the start. */
interface TokenStats {
  readonly families: number;
  readonly leases: number;
  readonly reuses: number;
}

/** What an authenticator asks of tokens that claim to be this gateway's. */
export interface TokenChecks {
  /** Is this the id of a key of this gateway? */
  recognises(keyId: string): boolean;
  /**
   * May this be the id of a key that the gateway will have in a moment? Where it is, a token that looks like
   * {@link isSignedElsewhere} is to be refused with `keys-missing`, to come again, and not as somebody else's.
   */
  awaitsKey(keyId: string): boolean;
  /** Whether a token, which cannot be verified yet, has the id and the key of one that another replica made. */
  isSignedElsewhere(keyId: string, tokenId: unknown): boolean;
  readonly verify: Verify;
  readonly admit: Admit;
  /**
   * Calls `listener` with each token that this process signs: what it signed needs no verifying when it comes back, and
   * that is a seventh of what a refresh costs.
   */
  onMinted(listener: OnMinted): Disposable;
}

/** The gateway's own tokens (requirement T). */
export interface Tokens extends TokenChecks, AsyncDisposable {
  readonly issue: Issue;
  readonly refresh: Refresh;
  /** The token of the sandbox's live family, the same to the byte; undefined where there is none that is still good: begin a new family. */
  currentToken(sandboxId: SandboxId): Promise<Secret | undefined>;
  /** Delivers the current token; resolves to false where there is none. Rejects as the driver does. */
  deliver(sandboxId: SandboxId): Promise<boolean>;
  /** All families, live and revoked, whose current token did not run out more than an hour ago. Asks the store. */
  families(): Promise<readonly Family[]>;
  family(familyId: FamilyId): Promise<Family | undefined>;
  /**
   * Ends all families of a sandbox, durably, and their streams (requirement T5); resolves to those that were live. `by`
   * names who wanted it in the audit log; the gateway itself where nothing is said.
   */
  revokeSandbox(sandboxId: SandboxId, cause: RevocationCause, by?: string): Promise<readonly Family[]>;
  /** Ends one family; resolves to false where there is none. */
  revokeFamily(familyId: FamilyId, cause: RevocationCause, by?: string): Promise<boolean>;
  /**
   * Calls `listener` with each family that is revoked, by whichever replica, once it is stored; for instance to deliver a
   * new one.
   */
  onRevoked(listener: (family: Family) => void): Disposable;
  /** Opens a stream's lease; undefined for a principal without a token of this gateway. */
  lease(principal: Principal): TokenLease | undefined;
  readonly follower: FamilyFollower;
  /** Whether revocations may have been missed for longer than `longestBlindMs`: no sandbox is served then. */
  blind(): boolean;
  jwks(): ReturnType<KeyRing["jwks"]>;
  stats(): TokenStats;
}

/**
 * Loads the live families and makes everything that deals with tokens.
 * @throws RangeError where a number is out of its range; what the store throws where it cannot be read.
 */
export async function createTokens(options: TokensOptions): Promise<Tokens> {
  const { keys, store, audit, log, clock = systemClock, refreshGraceMs: graceMs = 10_000 } = options;
  const ttlMs = 1000 * within("ttlSeconds", options.ttlSeconds ?? 3600, 60, longestTtlSeconds);
  const leewayMs = 1000 * within("leewaySeconds", options.leewaySeconds ?? 5, 0, 30);
  const refreshLimit = new RateLimit<FamilyId>({
    clock,
    perMinute: within("refreshPerMinute", options.refreshPerMinute ?? 10, 1, 1_000_000),
    burst: within("refreshBurst", options.refreshBurst ?? 10, 1, 1_000_000),
  });
  const longestBlindMs = within("longestBlindMs", options.longestBlindMs ?? 5_000, 1_000, 60_000);
  const { staleness = () => 0, owns = () => true } = options;
  const isBlind = () => staleness() > longestBlindMs;
  const authority = authorityOf(options.gatewayId);

  const ledger = new FamilyLedger({ store, clock, audit, log });
  const { live } = ledger;
  const mintedListeners = new Set<OnMinted>();
  const minter = createMinter({
    ...{ keys, authority, clock, ttlMs },
    isAwaited: (keyId) => awaited.has(keyId),
    onMinted(token, principal) {
      for (const listener of mintedListeners) listener(token, principal);
    },
  });
  const alarm = createReuseAlarm({ ledger, audit, log, revokeOnReuse: options.revokeOnReuse ?? true });
  const deliveries = new Deliveries({ deliver: options.deliver, live, clock, log });
  const leases = new Leases({ live, clock, leewayMs, isBlind });

  async function current(sandboxId: SandboxId) {
    for (const family of await ledger.ofSandbox(sandboxId)) {
      const issued = await minter.again(family);
      if (issued) return { family, token: issued.token };
    }
    return undefined;
  }

  await ledger.load(horizon(clock));
  const life = new AsyncDisposableStack();
  life.use(startPruning({ ledger, clock, log }));
  life.use(followRevokedKeys({ keys, ledger, clock, log }));
  life.use(deliveries);
  life.use(leases);
  life.use(followMoved({ ledger, minter, deliveries, owns }));
  const awaited = life.use(new AwaitedKeys({ keys, live, clock }));
  return {
    recognises: (keyId) => keys.find(keyId) !== undefined,
    awaitsKey: (keyId) => awaited.has(keyId),
    isSignedElsewhere: (keyId, tokenId) => awaited.signed(keyId, tokenId),
    verify: createVerify(keys, authority),
    admit: createAdmission({ ledger, alarm, clock, log, leewayMs, graceMs, isBlind }),
    onMinted(listener) {
      mintedListeners.add(listener);
      return { [Symbol.dispose]: () => void mintedListeners.delete(listener) };
    },
    issue: createIssue({ ledger, minter, audit, limit: new RateLimit({ clock, ...issueLimit }) }),
    refresh: createRefresh({ ledger, minter, deliveries, alarm, limit: refreshLimit, audit, clock, leewayMs, graceMs }),
    currentToken: async (sandboxId) => (await current(sandboxId))?.token,
    async deliver(sandboxId) {
      const found = await current(sandboxId);
      if (found) await deliveries.deliver(found.family, found.token);
      return found !== undefined;
    },
    families: () => ledger.load(horizon(clock)),
    family: (familyId) => ledger.find(familyId),
    revokeSandbox: (sandboxId, cause, by) => ledger.revokeSandbox(sandboxId, cause, by),
    revokeFamily: async (familyId, cause, by) => (await ledger.revoke(familyId, cause, by)) !== undefined,
    onRevoked: (listener) =>
      live.onChange(({ now, before }) => {
        if (now?.revokedAt !== undefined && before?.revokedAt === undefined) listener(now);
      }),
    lease: (principal) => leases.open(principal),
    follower: {
      reload: () => ledger.reload(horizon(clock)),
      learn: (familyIds) => ledger.learn(familyIds),
    },
    blind: isBlind,
    jwks: () => keys.jwks(),
    stats: () => ({ families: live.size, leases: leases.size, reuses: alarm.raised }),
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, got ${value}`);
}
