/** Status codes that a refusal can have; the names of `google.rpc.Code` in lower case. */
export type RefusalCode =
  | "invalid_argument"
  | "unauthenticated"
  | "permission_denied"
  | "not_found"
  | "already_exists"
  | "failed_precondition"
  | "aborted"
  | "resource_exhausted"
  | "unavailable"
  | "unimplemented"
  | "internal";

interface Row {
  readonly code: RefusalCode;
  /** What the caller is told. Rows that must not be told apart share one text. */
  readonly says: string;
  /** The thrower may say more than `says`: the text then tells the caller about its own message, never about others. */
  readonly open?: true;
  /** The reason may be told as `google.rpc.ErrorInfo`; others are for the audit log alone. */
  readonly told?: true;
}

const badToken = "invalid token";

/**
 * Every reason for which a call is refused. The reason itself goes to the audit log.
 * `unavailable` asks the caller to try again, `unauthenticated` tells it that its credential is no good:
 * supervisors exit on the second.
 */
const rows = {
  "credential-missing": { code: "unauthenticated", says: "missing authorization header" },
  "credential-ambiguous": { code: "unauthenticated", says: badToken },
  "credential-malformed": { code: "unauthenticated", says: badToken },
  "credential-unrecognised": { code: "unauthenticated", says: badToken },
  "token-malformed": { code: "unauthenticated", says: badToken },
  "token-signature": { code: "unauthenticated", says: badToken },
  "token-claims": { code: "unauthenticated", says: badToken },
  "token-not-yet-valid": { code: "unauthenticated", says: badToken },
  "token-expired": { code: "unauthenticated", says: "invalid token: ExpiredSignature", told: true },
  "token-revoked": { code: "unauthenticated", says: badToken, told: true },
  "token-superseded": { code: "unauthenticated", says: badToken, told: true },
  "token-reused": { code: "unauthenticated", says: badToken, told: true },
  "token-unknown": { code: "unauthenticated", says: badToken },
  "revocations-unknown": { code: "unavailable", says: "revocation state is not known, try again", told: true },
  "keys-missing": { code: "unavailable", says: "sandbox JWT minting is not configured on this gateway" },
  "sandbox-principal-required": { code: "permission_denied", says: "this method requires a sandbox principal" },
  "user-principal-required": { code: "permission_denied", says: "sandbox principals may not call this method" },
  "role-missing": { code: "permission_denied", says: "role required", open: true },
  "scope-missing": { code: "permission_denied", says: "scope required", open: true },
  "listener-restricted": {
    code: "permission_denied",
    says: "compute-driver callback listeners accept sandbox callback RPCs only",
  },
  "other-sandbox": {
    code: "permission_denied",
    says: "cross-sandbox access denied: principal does not own this sandbox",
  },
  "sandbox-global-config": { code: "permission_denied", says: "sandbox callers cannot mutate global config" },
  "sandbox-config-restricted": {
    code: "permission_denied",
    says: "sandbox callers may only perform sandbox policy sync",
    open: true,
  },
  "cannot-bootstrap": {
    code: "permission_denied",
    says: "this principal cannot mint a sandbox token; use RefreshSandboxToken",
  },
  "request-invalid": { code: "invalid_argument", says: "the request is not valid", open: true },
  "sandbox-missing": { code: "not_found", says: "sandbox not found" },
  "not-found": { code: "not_found", says: "not found", open: true },
  "name-taken": { code: "already_exists", says: "the name is taken", open: true },
  "state-conflict": { code: "failed_precondition", says: "the state does not allow this", open: true },
  "version-conflict": { code: "aborted", says: "changed by someone else meanwhile, read again and retry", open: true },
  "rate-limited": { code: "resource_exhausted", says: "too many requests, try again later", told: true },
  "limit-reached": { code: "resource_exhausted", says: "a limit was reached", open: true },
  "store-unavailable": { code: "unavailable", says: "the store is not available, try again" },
  "session-lost": { code: "unavailable", says: "nothing was heard for too long, connect again", told: true },
  "shutting-down": { code: "unavailable", says: "the gateway is shutting down, connect again", told: true },
  "not-built": { code: "unimplemented", says: "this gateway does not implement the method yet", open: true },
  internal: { code: "internal", says: "internal error" },
} as const satisfies Record<string, Row>;

export type Reason = keyof typeof rows;

export interface RefusalOptions {
  /** Replaces the public text where the row is open; ignored elsewhere. */
  readonly says?: string;
  /** Kept for the log, never sent. */
  readonly cause?: unknown;
  /** For the audit log: what was asked for (ids and names, never secrets). */
  readonly facts?: Readonly<Record<string, string>>;
  /** How long the caller should wait before it tries again, in milliseconds; sent as `google.rpc.RetryInfo`. */
  readonly retryAfterMs?: number;
}

/** Thrown at the edges; decisions return a {@link Verdict} instead. `message` is what the caller is told. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly reason: Reason;
  readonly facts: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;

  constructor(reason: Reason, { says, cause, facts = {}, retryAfterMs }: RefusalOptions = {}) {
    const row: Row = rows[reason];
    super(row.open && says !== undefined ? says : row.says, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.facts = facts;
    this.retryAfterMs = retryAfterMs;
  }

  get code(): RefusalCode {
    return rows[this.reason].code;
  }

  /** Whether the reason's name may leave the gateway, in upper case with underscores, as `google.rpc.ErrorInfo`. */
  get told(): boolean {
    const row: Row = rows[this.reason];
    return row.told === true;
  }

  /** The refusal for anything that was thrown: itself, or `internal` with the thrown value as cause. */
  static from(thrown: unknown): Refusal {
    return thrown instanceof Refusal ? thrown : new Refusal("internal", { cause: thrown });
  }
}

/** What a check found: the value, or why there is none. */
export type Verdict<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: Reason };

export const accepted = <T>(value: T): Verdict<T> => ({ ok: true, value });
export const refused = (reason: Reason): Verdict<never> => ({ ok: false, reason });
