import { isIP } from "node:net";
import type { NetworkBinary, NetworkEndpoint, NetworkPolicyRule } from "../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { checkPath } from "./check-path.ts";
import { complaint, shapeOf } from "./complaint.ts";

const mostEndpoints = 256;
const mostBinaries = 256;
const longestHost = 253;
/** What a host name, a pattern of one, or an address never holds. */
const unfitForHost = /[\s/\\@#"'<>]/;

/** Checks one network rule; a host may be left out where addresses say what may be reached. */
export function checkRule(rule: NetworkPolicyRule, path: string): void {
  if (rule.endpoints.length > mostEndpoints) {
    throw complaint(`${path}.endpoints`, `at most ${mostEndpoints}`, `${rule.endpoints.length}`);
  }
  if (rule.binaries.length > mostBinaries) {
    throw complaint(`${path}.binaries`, `at most ${mostBinaries}`, `${rule.binaries.length}`);
  }
  for (const [index, endpoint] of rule.endpoints.entries()) checkEndpoint(endpoint, `${path}.endpoints[${index}]`);
  for (const [index, binary] of rule.binaries.entries()) checkBinary(binary, `${path}.binaries[${index}].path`);
}

function checkEndpoint(endpoint: NetworkEndpoint, path: string): void {
  if (endpoint.host !== "" || endpoint.allowedIps.length === 0) checkHost(endpoint.host, `${path}.host`);
  if (endpoint.ports.length === 0) checkPort(endpoint.port, `${path}.port`);
  else if (endpoint.port !== 0) checkPort(endpoint.port, `${path}.port`);
  for (const [index, port] of endpoint.ports.entries()) checkPort(port, `${path}.ports[${index}]`);
  for (const [index, range] of endpoint.allowedIps.entries()) checkRange(range, `${path}.allowed_ips[${index}]`);
}

/** A host name, a pattern of one, or an address. */
export function checkHost(host: string, path: string): void {
  if (host === "" || host.length > longestHost || unfitForHost.test(host)) {
    throw complaint(
      path,
      `a host name, 1 to ${longestHost} characters without spaces, slashes, "@" or quotes`,
      shapeOf(host),
    );
  }
}

export function checkPort(port: number, path: string): void {
  if (port < 1 || port > 65_535) throw complaint(path, "a port, 1 to 65535", `${port}`);
}

/** An IP address, or one with the length of a prefix (RFC 4632 section 3.1, RFC 4291 section 2.3). */
function checkRange(range: string, path: string): void {
  const [address = "", prefix, ...rest] = range.split("/");
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  const prefixFits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest);
  if (version === 0 || !prefixFits || rest.length > 0) {
    throw complaint(path, "an IP address or a range like 10.0.0.0/8", shapeOf(range));
  }
}

function checkBinary(binary: NetworkBinary, path: string): void {
  checkPath(binary.path, path);
}
