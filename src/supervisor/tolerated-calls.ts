import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { Inference } from "../../gen/openshell/inference/v1/inference_pb.ts";
import type { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { callUnary } from "./gateway-call.ts";
import { describeFailure } from "./log.ts";

export interface ToleratedCallOptions {
  readonly client: Client<typeof OpenShell>;
  readonly transport: Transport;
  readonly sandboxId: SandboxId;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Asks for the provider environment and the inference routes. A gateway that has none or does not know the methods is no
 * reason not to start. Nothing of the answers is passed on: credentials are for a proxy that keeps them from the main
 * process, and this supervisor has none. Never rejects.
 */
export async function askForExtras({ client, transport, sandboxId, log, signal }: ToleratedCallOptions): Promise<void> {
  const inference = createClient(Inference, transport);
  const tolerate = async (method: string, call: () => Promise<number>) => {
    try {
      log.debug({ method, entries: await call() }, "answered, and not used by this supervisor");
    } catch (error) {
      if (!signal.aborted) log.info({ method, error: describeFailure(error) }, "not to be had; going on without");
    }
  };
  await tolerate("GetSandboxProviderEnvironment", async () => {
    const request = { sandboxId, supportsStaticCredentialBindings: true };
    const { environment } = await callUnary(signal, (call) => client.getSandboxProviderEnvironment(request, call));
    return Object.keys(environment).length;
  });
  await tolerate("GetInferenceBundle", async () => {
    const { routes } = await callUnary(signal, (call) => inference.getInferenceBundle({}, call));
    return routes.length;
  });
}
