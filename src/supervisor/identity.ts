import type { ProcessPolicy } from "../../gen/openshell/sandbox/v1/policy_pb.ts";
import type { AccountIds } from "./account-ids.ts";
import { ConfigError } from "./config.ts";

/** Who a process runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface IdentityChoice {
  /** Who the supervisor itself runs as. */
  readonly own: Identity;
  /** What the operator configured; it wins over the policy. */
  readonly configured: { readonly uid: number | undefined; readonly gid: number | undefined };
  readonly accounts: AccountIds;
}

/** Nobody and nogroup, on every Linux. */
const nobody = 65534;

/**
 * Who the main process runs as (requirement P4): what the operator configured, else what the policy asks for, else
 * nobody; never root. A supervisor that is not root cannot change users, so its main process runs as itself.
 */
export function chooseIdentity({ own, configured, accounts }: IdentityChoice, policy?: ProcessPolicy): Identity {
  if (own.uid !== 0) return own;
  const wantedUser = policy?.runAsUser ? accounts.user(policy.runAsUser) : undefined;
  const wantedGroup = policy?.runAsGroup ? accounts.group(policy.runAsGroup) : undefined;
  const uid = configured.uid ?? (wantedUser || nobody);
  return { uid, gid: configured.gid ?? (wantedGroup || (configured.uid ?? nobody)) };
}

/** Refuses a configured identity that this supervisor cannot give. @throws ConfigError */
export function checkIdentity({ own, configured }: IdentityChoice): void {
  if (own.uid === 0) return;
  const settings = [
    ["OPENSHELL_SANDBOX_UID", configured.uid, own.uid],
    ["OPENSHELL_SANDBOX_GID", configured.gid, own.gid],
  ] as const;
  for (const [name, wanted, has] of settings) {
    if (wanted !== undefined && wanted !== has) {
      throw new ConfigError(name, "another than the supervisor's own", "the own one, as the supervisor is not root");
    }
  }
}
