/**
 * What the audit log records (requirements O1, S5): who did what to which sandbox, and why it was refused.
 * `tokenId`, `familyId` and `keyId` identify credentials; no record ever holds one.
 */
export interface AuditEvent {
  readonly event:
    | "token.issued"
    | "token.refreshed"
    | "token.replayed"
    | "token.reused"
    | "token.refused"
    | "family.revoked"
    | "access.refused"
    | "access.cross-sandbox"
    | "sandbox.created"
    | "sandbox.stopped"
    | "sandbox.started"
    | "sandbox.deleted"
    | "config.updated";
  /** `sandbox:<id>`, `user:<issuer>/<subject>`, `anonymous`, or `gateway` for its own acts. */
  readonly principal: string;
  /** The sandbox that the act concerns, if it concerns one. */
  readonly sandboxId?: string;
  /** For a cross-sandbox attempt: what the caller asked for, as it spelled it (escaped, at most 128 characters). */
  readonly requested?: string;
  readonly method?: string;
  readonly reason?: string;
  readonly tokenId?: string;
  readonly familyId?: string;
  readonly keyId?: string;
  readonly peer?: string;
}

/** Takes audit events; it neither throws nor waits. */
export type Audit = (event: AuditEvent) => void;
