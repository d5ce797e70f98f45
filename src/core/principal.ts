import type { FamilyId, SandboxId } from "./ids.ts";

/** Who is calling (requirement A1). Handlers see only the kinds that their method's mode admits. */
export type Principal = UserPrincipal | SandboxPrincipal | AnonymousPrincipal;

export interface UserPrincipal {
  readonly kind: "user";
  /** Which authority vouches for the user; with `subject` it names one person. `local_dev` for the development user. */
  readonly provider: "oidc" | "mtls" | "local_dev";
  readonly issuer: string;
  readonly subject: string;
  readonly displayName: string;
  readonly roles: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
}

export interface SandboxPrincipal {
  readonly kind: "sandbox";
  readonly sandboxId: SandboxId;
  /** The credential that proved it. */
  readonly credential: GatewayToken;
}

/** What a verified gateway token says of itself (requirement T1). Never the token. */
interface GatewayToken {
  readonly kind: "gateway-token";
  /** `jti`: the family and the generation, `<family id>.<generation>`. */
  readonly tokenId: string;
  readonly familyId: FamilyId;
  /** 0 for the token that began the family, one more for each refresh. */
  readonly generation: number;
  readonly keyId: string;
  /** Milliseconds since the epoch, whole seconds. */
  readonly issuedAt: number;
  /** Milliseconds since the epoch, whole seconds. */
  readonly expiresAt: number;
}

export interface AnonymousPrincipal {
  readonly kind: "anonymous";
}

export const anonymous: AnonymousPrincipal = { kind: "anonymous" };
