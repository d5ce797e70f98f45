import type { SandboxPolicy } from "../../gen/openshell/sandbox/v1/policy_pb.ts";
import type { AccountIds } from "./account-ids.ts";
import type { Identity } from "./identity.ts";

/**
 * What a supervisor that starts its main process under another identity, and does nothing else, has to say of a policy
 * (requirement P7): undefined where it enforces all that the policy asks for, else what it does not enforce, for people.
 */
export function unenforcedParts(policy: SandboxPolicy, identity: Identity, accounts: AccountIds): string | undefined {
  const { filesystem, landlock, process, networkPolicies, networkMiddlewares } = policy;
  const parts: string[] = [];
  const networkRules = Object.keys(networkPolicies).length;
  if (networkRules > 0) parts.push(`network_policies (${networkRules})`);
  const middlewares = Object.keys(networkMiddlewares).length;
  if (middlewares > 0) parts.push(`network_middlewares (${middlewares})`);
  if (filesystem && (filesystem.includeWorkdir || filesystem.readOnly.length + filesystem.readWrite.length > 0)) {
    parts.push("filesystem");
  }
  if (landlock?.compatibility) parts.push("landlock");
  if (process?.runAsUser && accounts.user(process.runAsUser) !== identity.uid) {
    parts.push(`process.run_as_user (the main process runs as uid ${identity.uid})`);
  }
  if (process?.runAsGroup && accounts.group(process.runAsGroup) !== identity.gid) {
    parts.push(`process.run_as_group (the main process runs as gid ${identity.gid})`);
  }
  return parts.length === 0 ? undefined : `this supervisor does not enforce: ${parts.join(", ")}`;
}
