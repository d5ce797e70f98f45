import type { Client } from "@connectrpc/connect";
import type { GetSandboxConfigResponse } from "../../gen/openshell/sandbox/v1/config_pb.ts";
import type { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { SandboxId } from "../core/ids.ts";
import { defaultPolicy } from "./default-policy.ts";
import { callUnary } from "./gateway-call.ts";
import { StartFailure, type StartRetryOptions, withStartRetries } from "./start-retries.ts";

export interface FirstConfigOptions extends StartRetryOptions {
  readonly client: Client<typeof OpenShell>;
  readonly sandboxId: SandboxId;
  readonly sandboxName: string | undefined;
}

/**
 * The configuration to start with. A sandbox that has no policy yet is given the default one, which the gateway then
 * answers as any other.
 * @throws StartFailure where the gateway refuses, or is not to be reached in five tries.
 */
export async function fetchFirstConfig(options: FirstConfigOptions): Promise<GetSandboxConfigResponse> {
  const { client, sandboxId, sandboxName, log, signal } = options;
  const read = () => callUnary(signal, (call) => client.getSandboxConfig({ sandboxId }, call));

  const found = await withStartRetries(options, "GetSandboxConfig", read);
  if (found.policy) return found;
  if (found.version > 0) throw new StartFailure(`the gateway knows policy version ${found.version} and sent none`);
  if (!sandboxName)
    throw new StartFailure("the sandbox has no policy, and OPENSHELL_SANDBOX is not set to give it one");

  log.info({}, "the sandbox has no policy; it gets the default one");
  const request = { name: sandboxName, policy: defaultPolicy(), workspace: found.workspace };
  await withStartRetries(options, "UpdateConfig", () =>
    callUnary(signal, (call) => client.updateConfig(request, call)),
  );
  const synced = await withStartRetries(options, "GetSandboxConfig", read);
  if (!synced.policy) throw new StartFailure("the gateway took the default policy and does not answer it");
  return synced;
}
