import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { IdentityService } from "../../gen/openshell/identity/v1/identity_pb.ts";
import { SandboxPhase, SandboxPhaseSchema } from "../../gen/openshell/v1/sandboxes_pb.ts";
import type { TestGateway } from "../support/gateway.ts";
import { partsOf } from "../support/tokens.ts";

/** Resolves to the code that a call was refused with; rejects where it was answered. */
export async function refusalOf(call: Promise<unknown>): Promise<{ code: string; error: ConnectError }> {
  const error = await call.then(
    () => {
      throw new Error("the call was answered");
    },
    (thrown: unknown) => ConnectError.from(thrown),
  );
  return { code: Code[error.code] ?? "", error };
}

/** A gRPC client of the identity service, as the holder of a token or without a credential. */
export function identityClient(url: string, token?: string): Client<typeof IdentityService> {
  const transport = createGrpcTransport({
    baseUrl: url,
    interceptors: token
      ? [
          (next) => (request) => {
            request.header.set("authorization", `Bearer ${token}`);
            return next(request);
          },
        ]
      : [],
  });
  return createClient(IdentityService, transport);
}

/** Watches a sandbox until it reaches a phase; resolves to the phases on the way, without repetitions. */
export async function phasesUntil(gateway: TestGateway, id: string, goal: SandboxPhase): Promise<string[]> {
  const phases: string[] = [];
  for await (const { payload } of gateway.client().watchSandbox({ id, followStatus: true })) {
    if (payload.case !== "sandbox") continue;
    const phase = payload.value.status?.phase ?? SandboxPhase.UNSPECIFIED;
    const name = SandboxPhaseSchema.value[phase]?.localName ?? "";
    if (phases.at(-1) !== name) phases.push(name);
    if (phase === goal) return phases;
  }
  throw new Error(`the watch ended: ${phases}`);
}

/** A session as a supervisor holds it. `ended` resolves to how the gateway ended it, and after how long. */
export async function openSession(gateway: TestGateway, token: string) {
  const sandboxId = String(partsOf(token).payload["sandbox_id"]);
  const { promise: accepted, resolve } = Promise.withResolvers<void>();
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  async function* say() {
    yield { payload: { case: "hello", value: { sandboxId, instanceId: "i" } } } as const;
    await over;
  }
  const read = async () => {
    for await (const { payload } of gateway.client(token, gateway.sandboxesUrl).connectSupervisor(say())) {
      if (payload.case === "sessionAccepted") resolve();
    }
  };
  const ended = refusalOf(read()).finally(finish);
  await Promise.race([accepted, ended.then(({ error }) => Promise.reject(error))]);
  return { ended };
}
