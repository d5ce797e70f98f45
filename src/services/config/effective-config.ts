import { createHash } from "node:crypto";
import { create, fromJsonString } from "@bufbuild/protobuf";
import {
  type EffectiveSetting,
  EffectiveSettingSchema,
  type GetSandboxConfigResponse,
  GetSandboxConfigResponseSchema,
  PolicySource,
  SettingScope,
  SettingValueSchema,
} from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import type { StoredScope } from "../../store/index.ts";
import { parseCanonical } from "./canonical-policy.ts";

/** What a supervisor does with a policy that it cannot load: it keeps to the strictest rules it has. */
const failureMode = "fail_closed";

/** What stands for a sandbox, before the answer that says so is made. */
export interface EffectiveConfig {
  /** The same for configurations of which every part is the same, whoever's they are, and for no others. */
  readonly contents: string;
  respond(): GetSandboxConfigResponse;
}

/** What stands for a sandbox: the global policy where there is one, else its own; each setting likewise. */
export function effectiveConfig(own: StoredScope, global: StoredScope, workspace: string): EffectiveConfig {
  const isGlobal = global.policy !== undefined;
  const source = isGlobal ? global : own;
  const version = source.policy ? source.policyVersion : 0;
  const settings = { ...own.settings, ...global.settings };
  const digest = digestOf([
    isGlobal,
    version,
    source.policy?.hash,
    failureMode,
    Object.entries(settings).sort(),
    Object.keys(global.settings).sort(),
  ]);
  return {
    contents: `${digest.toString("base64")} ${workspace}`,
    respond: () =>
      create(GetSandboxConfigResponseSchema, {
        ...(source.policy && { policy: parseCanonical(source.policy) }),
        version,
        policyHash: source.policy?.hash ?? "",
        settings: Object.fromEntries(
          Object.entries(settings).map(([key, value]) => [
            key,
            effectiveSetting(value, Object.hasOwn(global.settings, key)),
          ]),
        ),
        // The same for the same configuration in every process, and another for any other.
        configRevision: digest.readBigUInt64BE(0),
        policySource: isGlobal ? PolicySource.GLOBAL : PolicySource.SANDBOX,
        globalPolicyVersion: isGlobal ? version : 0,
        workspace,
        policyValidationFailureMode: failureMode,
      }),
  };
}

function effectiveSetting(value: string, isGlobal: boolean): EffectiveSetting {
  return create(EffectiveSettingSchema, {
    value: fromJsonString(SettingValueSchema, value, { ignoreUnknownFields: true }),
    scope: isGlobal ? SettingScope.GLOBAL : SettingScope.SANDBOX,
  });
}

function digestOf(facts: readonly unknown[]): Buffer {
  return createHash("sha256").update(JSON.stringify(facts)).digest();
}
