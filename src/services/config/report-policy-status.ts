import { PolicyStatus, type ReportPolicyStatusRequest } from "../../../gen/openshell/v1/policy_pb.ts";
import type { ScopedSandbox } from "../../core/scoped-sandbox.ts";
import { escapeControls } from "../logs/index.ts";
import { complaint } from "./complaint.ts";
import type { Configuration } from "./configuration.ts";

const longestError = 4_096;

/** Keeps what a sandbox says of a version of its policy: that it runs it, or why it cannot. */
export function reportPolicyStatus(configuration: Configuration) {
  return async (
    { version, status, loadError }: ReportPolicyStatusRequest,
    { sandbox }: { readonly sandbox: ScopedSandbox },
  ) => {
    if (version === 0) throw complaint("version", "the version of a policy, from 1", "0");
    if (status === PolicyStatus.LOADED) {
      await configuration.report(sandbox, { version, status: "loaded", loadError: undefined });
    } else if (status === PolicyStatus.FAILED) {
      const error = escapeControls(loadError, longestError, "\n\t") || "the sandbox gave no reason";
      await configuration.report(sandbox, { version, status: "failed", loadError: error });
    } else {
      throw complaint("status", "POLICY_STATUS_LOADED or POLICY_STATUS_FAILED", `${status}`);
    }
    return {};
  };
}
