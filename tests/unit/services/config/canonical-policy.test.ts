import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type SandboxPolicy, SandboxPolicySchema } from "../../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { canonicalText, parseCanonical, policyTree } from "../../../../src/services/config/canonical-policy.ts";
import { policy } from "./policies.ts";

const hashOf = (of: SandboxPolicy) => canonicalText(policyTree(of)).hash;

const rule = fc.record({
  name: fc.string(),
  endpoints: fc.array(fc.record({ host: fc.string(), port: fc.nat(65_535), protocol: fc.constantFrom("", "rest") })),
  binaries: fc.array(fc.record({ path: fc.string() })),
});
const query = fc.dictionary(fc.string(), fc.record({ glob: fc.string() }), { maxKeys: 5 });
const config = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.integer()), { maxKeys: 5 });

test("a policy's hash does not depend on the order of its maps, on this side of the wire or on the other", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.string(), rule, query), { selector: ([name]) => name, maxLength: 8 }),
      config,
      (rules, middleware) => {
        const build = (order: typeof rules, reversed: boolean) =>
          create(SandboxPolicySchema, {
            networkPolicies: Object.fromEntries(
              order.map(([name, value, matchers]) => [
                name,
                {
                  ...value,
                  endpoints: [{ host: "h", port: 1, rules: [{ allow: { query: turned(matchers, reversed) } }] }],
                },
              ]),
            ),
            networkMiddlewares: { scan: { name: "scan", config: turned(middleware, reversed) } },
          });
        const forth = build(rules, false);
        const back = build(rules.toReversed(), true);
        expect(hashOf(back)).toBe(hashOf(forth));
        expect(hashOf(fromBinary(SandboxPolicySchema, toBinary(SandboxPolicySchema, back)))).toBe(hashOf(forth));
      },
    ),
    { numRuns: 200 },
  );
});

const turned = <T>(record: Record<string, T>, reversed: boolean): Record<string, T> =>
  reversed ? Object.fromEntries(Object.entries(record).toReversed()) : record;

test("what is stored of a policy spells the same policy again", () => {
  const text = canonicalText(policyTree(policy()));
  expect(parseCanonical(text)).toEqual(policy());
  expect(canonicalText(policyTree(parseCanonical(text)))).toEqual(text);
});

test("a policy's hash is the same in every process and every release", () => {
  expect(hashOf(policy())).toBe("5b1229f272142dd9743e27a485f9c81d7427092e3738d5a38383323efacb9c01");
});

test("fields that this program does not know do not change the hash", () => {
  const unknown = Buffer.from([0xf8, 0x07, 0x01]);
  const bytes = Buffer.concat([toBinary(SandboxPolicySchema, policy()), unknown]);
  expect(hashOf(fromBinary(SandboxPolicySchema, bytes))).toBe(hashOf(policy()));
});

test.each([
  ["a path more", policy({ filesystem: { includeWorkdir: true, readOnly: ["/usr"], readWrite: ["/tmp"] } })],
  ["the order of paths, which is the user's", policy({ filesystem: { readOnly: ["/lib", "/usr"] } })],
  ["no rules", policy({ networkPolicies: {} })],
  ["another rule name", policy({ networkPolicies: { gitlab: policy().networkPolicies["github"]! } })],
])("another policy has another hash: %s", (_what, other) => {
  expect(hashOf(other)).not.toBe(hashOf(policy()));
});
