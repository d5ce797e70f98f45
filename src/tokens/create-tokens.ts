import type { Audit } from "../core/audit.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { FamilyId, SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Principal } from "../core/principal.ts";
import type { Secret } from "../core/secret.ts";
import { type Admit, createAdmission } from "./admission.ts";
import { authorityOf } from "./claims.ts";
import { Deliveries } from "./deliveries.ts";
import type { DeliverToken } from "./delivery.ts";
import { FamilyLedger } from "./family-ledger.ts";
import type { Family, FamilyStore, RevocationCause } from "./family-store.ts";
import { createIssue, type Issue } from "./issue.ts";
import type { KeyRing } from "./key-ring.ts";
import { Leases, type TokenLease } from "./leases.ts";
import { createMinter } from "./minter.ts";
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
  readonly verify: Verify;
  readonly admit: Admit;
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
  /** Calls `listener` with each family that is revoked, once it is stored; for instance to deliver a new one. */
  onRevoked(listener: (family: Family) => void): Disposable;
  /** Opens a stream's lease; undefined for a principal without a token of this gateway. */
  lease(principal: Principal): TokenLease | undefined;
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
  const authority = authorityOf(options.gatewayId);

  const ledger = new FamilyLedger({ store, clock, audit });
  const { live } = ledger;
  const minter = createMinter({ keys, authority, clock, ttlMs });
  const alarm = createReuseAlarm({ ledger, audit, log, revokeOnReuse: options.revokeOnReuse ?? true });
  const deliveries = new Deliveries({ deliver: options.deliver, live, clock, log });
  const leases = new Leases({ live, clock, leewayMs });

  async function current(sandboxId: SandboxId) {
    for (const family of await ledger.ofSandbox(sandboxId)) {
      const issued = await minter.again(family);
      if (issued) return { family, token: issued.token };
    }
    return undefined;
  }

  await ledger.load(horizon(clock));
  const pruning = startPruning({ ledger, clock, log });
  const revokedKeys = followRevokedKeys({ keys, ledger, clock, log });
  return {
    recognises: (keyId) => keys.find(keyId) !== undefined,
    verify: createVerify(keys, authority),
    admit: createAdmission({ ledger, alarm, clock, log, leewayMs, graceMs }),
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
    onRevoked: (listener) => live.onChange((family) => family.revokedAt !== undefined && listener(family)),
    lease: (principal) => leases.open(principal),
    jwks: () => keys.jwks(),
    stats: () => ({ families: live.size, leases: leases.size, reuses: alarm.raised }),
    async [Symbol.asyncDispose]() {
      leases[Symbol.dispose]();
      deliveries[Symbol.dispose]();
      await revokedKeys[Symbol.asyncDispose]();
      await pruning[Symbol.asyncDispose]();
    },
  };
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, got ${value}`);
}
