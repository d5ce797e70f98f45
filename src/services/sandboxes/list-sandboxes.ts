import type { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import type { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { type HandlerOf, isAdmin, type RolePolicy } from "../../access/index.ts";
import { Refusal } from "../../core/refusal.ts";
import { parseLabelSelector } from "./label-selector.ts";
import type { SandboxRegistry } from "./registry.ts";
import { sandboxMessage } from "./sandbox-message.ts";
import { requireWorkspace } from "./workspace.ts";

const defaultLimit = 100;
const largestLimit = 1000;

/** Lists sandboxes in the order in which they were made; a limit above 1000 is cut to it, 0 stands for 100. */
export function listSandboxes(deps: {
  readonly registry: SandboxRegistry;
  readonly roles: RolePolicy;
}): HandlerOf<typeof OpenShell, typeof openShellAuthorization, "listSandboxes"> {
  return ({ limit, offset, labelSelector, workspace, allWorkspaces }, { principal }) => {
    if (allWorkspaces && !isAdmin(principal, deps.roles)) {
      throw new Refusal("role-missing", { says: "platform admin role required for cross-workspace operations" });
    }
    const asked = allWorkspaces ? undefined : requireWorkspace(workspace);
    const selects = parseLabelSelector(labelSelector);
    const found = deps.registry
      .list()
      .filter((sandbox) => (asked === undefined || sandbox.workspace === asked) && selects(sandbox.labels));
    const page = found.slice(offset, offset + Math.min(limit || defaultLimit, largestLimit));
    return { sandboxes: page.map(sandboxMessage) };
  };
}
