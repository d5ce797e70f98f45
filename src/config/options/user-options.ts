import { listOf, name, yesOrNo } from "../kind.ts";
import { optional, settled } from "../option.ts";

/** Users without a credential (requirement A6). */
export const userOptions = {
  allowUnauthenticatedUsers: optional({
    key: "auth.allow_unauthenticated_users",
    flag: "--allow-unauthenticated-users",
    env: "OPENSHELL_ALLOW_UNAUTHENTICATED_USERS",
    kind: yesOrNo,
    otherwise: "`false`; `true` with `--dev`",
    says: "Whoever calls from this machine without a credential is a user and an administrator. Only on loopback addresses.",
  }),
  allowedHosts: settled<readonly string[]>({
    key: "auth.allowed_hosts",
    flag: "--allowed-host",
    env: "OPENSHELL_ALLOWED_HOSTS",
    kind: listOf(name(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$/, "a host name"), "host names without a port"),
    fallback: [],
    says: "Names besides those of loopback under which unauthenticated users may reach this gateway.",
  }),
};
