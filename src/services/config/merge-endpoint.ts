import { clone, equals } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type NetworkEndpoint, NetworkEndpointSchema } from "../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { complaint } from "./complaint.ts";

/** What says which endpoint it is; the rest says what may be done there. */
const address: ReadonlySet<string> = new Set(["host", "port", "ports", "path"]);

export const portsOf = ({ port, ports }: NetworkEndpoint): readonly number[] => (ports.length > 0 ? ports : [port]);

/** Host names are compared without regard to case (RFC 4343). */
export const isHost = (endpoint: NetworkEndpoint, host: string): boolean =>
  endpoint.host.toLowerCase() === host.toLowerCase();

/** Do two endpoints name the same host, path and ports? */
export function isSameAddress(a: NetworkEndpoint, b: NetworkEndpoint): boolean {
  const [ports, others] = [new Set(portsOf(a)), new Set(portsOf(b))];
  const samePorts = ports.size === others.size && ports.values().every((port) => others.has(port));
  return samePorts && isHost(a, b.host) && a.path === b.path;
}

/**
 * One endpoint out of two with the same address: lists and maps are united, and what only one of them sets stands. What
 * both set differently is refused, because either choice would widen or narrow what somebody has decided.
 */
export function mergeEndpoint(ours: NetworkEndpoint, theirs: NetworkEndpoint, path: string): NetworkEndpoint {
  const merged = clone(NetworkEndpointSchema, ours);
  const target = reflect(NetworkEndpointSchema, merged);
  const source = reflect(NetworkEndpointSchema, clone(NetworkEndpointSchema, theirs));
  for (const field of NetworkEndpointSchema.fields) {
    if (address.has(field.name) || !source.isSet(field)) continue;
    if (!target.isSet(field)) target.set(field, source.get(field));
    else mergeField(target, source, field, `${path}.${field.name}`);
  }
  if (merged.access !== "" && merged.rules.length > 0) {
    throw complaint(`${path}.access`, "a preset or rules of its own for one address", "both");
  }
  return merged;
}

type Field = (typeof NetworkEndpointSchema.fields)[number];

function mergeField(target: ReflectMessage, source: ReflectMessage, field: Field, path: string): void {
  if (field.fieldKind === "list") {
    const [ours, theirs] = [target.get(field), source.get(field)];
    for (const item of theirs) if (![...ours].some((own) => sameValue(own, item))) ours.add(item);
    return;
  }
  if (field.fieldKind === "map") {
    const [ours, theirs] = [target.get(field), source.get(field)];
    for (const [key, value] of theirs) {
      if (ours.has(key) && !sameValue(ours.get(key), value)) throw differs(`${path}[${JSON.stringify(key)}]`);
      ours.set(key, value);
    }
    return;
  }
  if (!sameValue(target.get(field), source.get(field))) throw differs(path);
}

const differs = (path: string) =>
  complaint(path, "what the policy has for this address (remove the endpoint first to change it)", "something else");

function sameValue(a: unknown, b: unknown): boolean {
  return isReflected(a) && isReflected(b) ? equals(a.desc, a.message, b.message) : a === b;
}

const isReflected = (value: unknown): value is ReflectMessage =>
  typeof value === "object" && value !== null && "desc" in value && "message" in value;
