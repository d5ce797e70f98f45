import { defaultWorkspace, requireLabel } from "../../access/index.ts";
import { Refusal } from "../../core/refusal.ts";

/**
 * The workspace that a request's field names; an empty one stands for `default`, which is the only one that there is.
 * @throws Refusal `request-invalid` for what cannot be a workspace's name, `not-found` for one that is not there.
 */
export function requireWorkspace(field: string): string {
  const name = field === "" ? defaultWorkspace : field;
  requireLabel(name, "workspace");
  if (name !== defaultWorkspace) throw new Refusal("not-found", { says: `workspace '${name}' not found` });
  return name;
}
