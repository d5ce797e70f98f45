import { create } from "@bufbuild/protobuf";
import { type SandboxPolicy, SandboxPolicySchema } from "../../gen/openshell/sandbox/v1/policy_pb.ts";

/**
 * What a sandbox without a policy gets: one that grants nothing. A supervisor that enforces network and filesystem rules
 * reads it as the most restrictive policy there is; this one finds no rule in it that it would have to enforce and does
 * not, so it can report it as loaded.
 */
export const defaultPolicy = (): SandboxPolicy => create(SandboxPolicySchema, { version: 1 });
