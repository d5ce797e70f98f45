import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SandboxSchema } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** A sandbox as users see it. It holds nothing of its tokens (requirement T7). */
export function sandboxMessage(sandbox: SandboxRecord): MessageInitShape<typeof SandboxSchema> {
  const { id, name, workspace, labels, annotations, ready } = sandbox;
  return {
    metadata: {
      ...{ id, name, workspace, labels, annotations },
      createdAtMs: BigInt(sandbox.createdAt),
      resourceVersion: BigInt(sandbox.resourceVersion),
      deletionTimestampMs: BigInt(sandbox.deletingSince ?? 0),
    },
    spec: sandbox.spec,
    status: {
      sandboxName: name,
      phase: sandbox.phase,
      conditions: [
        {
          type: "Ready",
          status: ready.status ? "True" : "False",
          reason: ready.reason,
          message: ready.message,
          lastTransitionTime: new Date(ready.since).toISOString(),
        },
      ],
      currentPolicyVersion: sandbox.policyVersion,
      mainProcessInstanceId: sandbox.mainProcessInstanceId,
    },
  };
}
