import type { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import type { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { HandlerOf } from "../../access/index.ts";
import { reportPolicyStatus } from "./report-policy-status.ts";
import { type UpdateConfigDeps, updateConfig } from "./update-config.ts";

type Method = "getSandboxConfig" | "updateConfig" | "reportPolicyStatus";

export type ConfigHandlers = {
  readonly [K in Method]: HandlerOf<typeof OpenShell, typeof openShellAuthorization, K>;
};

export function createConfigHandlers(deps: UpdateConfigDeps): ConfigHandlers {
  return {
    getSandboxConfig: (_request, { sandbox }) => deps.configuration.effective(sandbox),
    updateConfig: updateConfig(deps),
    reportPolicyStatus: reportPolicyStatus(deps.configuration),
  };
}
