import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { NetworkEndpointSchema } from "../../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { readPolicy } from "../../../../src/services/config/read-policy.ts";
import { policy } from "./policies.ts";

type Endpoint = MessageInitShape<typeof NetworkEndpointSchema>;

const endpoint = (init: Endpoint) =>
  policy({ networkPolicies: { github: { endpoints: [{ host: "api.github.com", port: 443, ...init }] } } });
const binary = (path: string) => policy({ networkPolicies: { github: { binaries: [{ path }] } } });
const readOnly = (...paths: string[]) => policy({ filesystem: { readOnly: paths } });
const readWrite = (...paths: string[]) => policy({ filesystem: { readWrite: paths } });
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));

function refusalOf(read: () => unknown): Refusal {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
}

test.each([
  ["the policy of an image", policy()],
  ["an empty policy", policy({ filesystem: undefined, process: undefined, networkPolicies: {} })],
  ["several ports and none of its own", endpoint({ port: 0, ports: [80, 443] })],
  ["addresses without a host", endpoint({ host: "", allowedIps: ["10.0.0.0/8", "fd00::/8", "192.0.2.1"] })],
  ["a pattern of hosts", endpoint({ host: "*.example.com" })],
  ["an address in brackets", endpoint({ host: "[2001:db8::1]" })],
  ["a pattern of programs", binary("/usr/lib/node_modules/**")],
  ["names that mean something to JavaScript", policy({ networkPolicies: { constructor: {}, toString: {} } })],
])("a policy is taken: %s", (_what, good) => {
  expect(readPolicy(good, "policy").hash).toMatch(/^[0-9a-f]{64}$/);
});

test.each([
  ["a relative path", readOnly("/usr", "etc"), /^policy\.filesystem\.read_only\[1\]: expected an absolute path/],
  ["an empty path", readWrite(""), /read_write\[0\]: expected an absolute path, got nothing/],
  ["a path that climbs", readWrite("/tmp/../etc"), /read_write\[0\]: expected a path without "\.\."/],
  ["NUL in a path", readOnly("/etc\u0000/x"), /read_only\[0\]: expected text without control characters/],
  ["a line break in a path", readOnly("/etc\n"), /control characters/],
  ["half a character in a path", readOnly("/\ud800"), /^policy: expected values that JSON|control characters/],
  ["a path that is too long", readOnly(`/${"a".repeat(4_096)}`), /at most 4096 characters, got 4097/],
  ["too many paths", readOnly(...many(257, (index) => `/p${index}`)), /read_only: expected at most 256, got 257/],
  ["the root to write to", readWrite("/"), /expected a directory below the root, got the root/],
  ["the root in disguise", readWrite("//./"), /below the root/],
  ["root as user", policy({ process: { runAsUser: "root" } }), /^policy\.process\.run_as_user: .* got root/],
  ["0 as group", policy({ process: { runAsGroup: "00" } }), /^policy\.process\.run_as_group: .* got root/],
  ["no host", endpoint({ host: "" }), /network_policies\["github"\]\.endpoints\[0\]\.host: .* got nothing/],
  ["a URL as host", endpoint({ host: "https://api.github.com" }), /\.host: expected a host name/],
  ["a host with a user", endpoint({ host: "a@b" }), /\.host: expected a host name/],
  ["a host that is too long", endpoint({ host: "a".repeat(254) }), /\.host: .* got 254 characters/],
  ["no port", endpoint({ port: 0 }), /\.port: expected a port, 1 to 65535, got 0/],
  ["a port beyond ports", endpoint({ port: 65_536 }), /\.port: .* got 65536/],
  ["0 among the ports", endpoint({ port: 0, ports: [443, 0] }), /\.ports\[1\]: .* got 0/],
  ["a bad port beside good ones", endpoint({ port: 70_000, ports: [443] }), /\.port: .* got 70000/],
  ["no address", endpoint({ allowedIps: ["example.com"] }), /\.allowed_ips\[0\]: expected an IP address/],
  ["a prefix beyond its address", endpoint({ allowedIps: ["10.0.0.0/33"] }), /\.allowed_ips\[0\]/],
  ["a prefix that is none", endpoint({ allowedIps: ["10.0.0.0/8/8"] }), /\.allowed_ips\[0\]/],
  ["a relative program", binary("git"), /\.binaries\[0\]\.path: expected an absolute path, got 3 characters/],
  ["a program that climbs", binary("/usr/../bin/sh"), /\.path: expected a path without/],
  ["an empty rule name", policy({ networkPolicies: { "": {} } }), /network_policies: a key: expected 1 to 128/],
  [
    "a rule name with a control",
    policy({ networkPolicies: { "a\u001b[31m": {} } }),
    /a key: expected .* got 6 characters$/,
  ],
  [
    "too many rules",
    policy({ networkPolicies: Object.fromEntries(many(501, (index) => [`r${index}`, {}])) }),
    /network_policies: expected at most 500, got 501/,
  ],
  [
    "too many endpoints",
    policy({ networkPolicies: { a: { endpoints: many(257, () => ({ host: "h", port: 1 })) } } }),
    /endpoints: expected at most 256, got 257/,
  ],
  [
    "more than fits into an answer",
    readOnly(...many(100, (index) => `/${index}/${"a".repeat(4_000)}`)),
    /^policy: expected at most 262144 characters as JSON/,
  ],
  [
    "a number that JSON has not got",
    policy({
      networkMiddlewares: {
        m: { config: { fields: { n: { kind: { case: "numberValue", value: Number.NaN } } } } as never },
      },
    }),
    /^policy: expected values that JSON can express/,
  ],
])("a policy is refused: %s", (_what, bad, says) => {
  const refusal = refusalOf(() => readPolicy(bad, "policy"));
  expect([refusal.reason, refusal.message]).toEqual(["request-invalid", expect.stringMatching(says)]);
});

test("a rule named __proto__ is refused and changes no prototype", () => {
  const bad = policy({ networkPolicies: JSON.parse(`{"__proto__": {"name": "x"}}`) });
  expect(refusalOf(() => readPolicy(bad, "policy")).message).toMatch(/a key: expected/);
  expect(Object.hasOwn(Object.prototype, "name")).toBe(false);
});

test("a refusal names the field as the request spells it, and repeats no value", () => {
  const refusal = refusalOf(() => readPolicy(readOnly("hunter2"), "spec.policy"));
  expect(refusal.message).toMatch(/^spec\.policy\.filesystem\.read_only\[0\]/);
  expect(refusal.message).not.toContain("hunter2");
});
