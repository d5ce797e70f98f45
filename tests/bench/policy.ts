import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SandboxPolicySchema } from "../../gen/openshell/sandbox/v1/policy_pb.ts";

/** What an agent that works on one repository may do: the policy of all sandboxes here, as every real one has one. */
export const policy: MessageInitShape<typeof SandboxPolicySchema> = {
  version: 1,
  filesystem: { includeWorkdir: true, readOnly: ["/usr", "/lib", "/etc"], readWrite: ["/tmp"] },
  landlock: { compatibility: "best_effort" },
  process: { runAsUser: "sandbox", runAsGroup: "sandbox" },
  networkPolicies: {
    repository: {
      name: "repository",
      endpoints: [
        { host: "api.github.com", port: 443, protocol: "rest", tls: "terminate", enforcement: "enforce" },
        { host: "github.com", port: 443 },
      ],
      binaries: [{ path: "/usr/bin/git" }, { path: "/usr/bin/gh" }],
    },
    packages: {
      name: "packages",
      endpoints: [{ host: "*.pythonhosted.org", port: 443 }],
      binaries: [{ path: "/usr/bin/python3" }],
    },
  },
};
