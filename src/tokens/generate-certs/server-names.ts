import { isIP } from "node:net";

export interface ServerName {
  readonly type: "dns" | "ip";
  readonly value: string;
}

/** Under these a gateway on one machine is reached, from the machine and from containers on it. */
const always = ["localhost", "127.0.0.1", "::1", "host.openshell.internal", "host.docker.internal"];

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const dnsName = new RegExp(`^(\\*\\.)?${label}(\\.${label})*$`);

/**
 * The subject alternative names of a server certificate: those that are always there, and the given ones.
 * @throws Error for what is neither a DNS name (`*.` may stand before it) nor an IP address.
 */
export function serverNames(given: readonly string[]): ServerName[] {
  return [...new Set([...always, ...given.map((name) => name.toLowerCase())])].map((value) => {
    if (isIP(value)) return { type: "ip", value };
    if (value.length <= 253 && dnsName.test(value)) return { type: "dns", value };
    throw new Error(`server name ${JSON.stringify(value)}: expected a DNS name or an IP address`);
  });
}
