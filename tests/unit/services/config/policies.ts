import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type SandboxPolicy, SandboxPolicySchema } from "../../../../gen/openshell/sandbox/v1/policy_pb.ts";

type PolicyInit = Omit<MessageInitShape<typeof SandboxPolicySchema>, "$typeName">;

/** A policy as users write them; `changes` replace whole parts. */
export function policy(changes: PolicyInit = {}): SandboxPolicy {
  return create(SandboxPolicySchema, {
    version: 1,
    filesystem: { includeWorkdir: true, readOnly: ["/usr", "/lib", "/etc"], readWrite: ["/sandbox", "/tmp"] },
    landlock: { compatibility: "best_effort" },
    process: { runAsUser: "sandbox", runAsGroup: "sandbox" },
    networkPolicies: {
      github: {
        name: "github",
        endpoints: [
          { host: "api.github.com", port: 443, protocol: "rest", enforcement: "enforce", access: "read-only" },
        ],
        binaries: [{ path: "/usr/bin/git" }, { path: "/usr/bin/curl" }],
      },
    },
    ...changes,
  });
}
