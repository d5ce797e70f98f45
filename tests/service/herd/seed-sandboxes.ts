import { createPrivateKey, createPublicKey } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { SandboxSpecSchema } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import { newSandboxId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { Store } from "../../../src/store/index.ts";
import { createKeyRing, createSigner, createTokens } from "../../../src/tokens/index.ts";
import { inParallel } from "../../contract/in-parallel.ts";
import { ringKey, type TestKey } from "../../support/tokens.ts";

/** A sandbox that runs, and the token that its supervisor has. */
export interface SeededSandbox {
  readonly id: string;
  readonly token: string;
}

export const gatewayId = "herd";

/** A signing key from PEM. */
export function readKey(pem: string): TestKey {
  const privateKey = createPrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey), keyId: createSigner(privateKey).keyId };
}

/** Stores sandboxes that are wished to run, each with a token family, as a gateway would; writes are grouped into few commits. */
export async function seedSandboxes(store: Store, signingKey: string, count: number): Promise<SeededSandbox[]> {
  await using tokens = await createTokens({
    gatewayId,
    keys: createKeyRing([ringKey(readKey(signingKey))]),
    store: store.families,
    deliver: async () => undefined,
    audit: () => undefined,
    log: silentLog,
  });
  const spec = toBinary(SandboxSpecSchema, create(SandboxSpecSchema));
  const seed = async (at: number): Promise<SeededSandbox> => {
    const id = newSandboxId();
    await store.sandboxes.insert({
      ...{ id, spec, workspace: "default", name: `herd-${at}`, labels: {}, annotations: {} },
      ...{ createdAt: Date.now(), resourceVersion: 1, desired: "running", replica: undefined, halted: false },
    });
    const { token } = await tokens.issue(id, "created");
    return { id, token: token.reveal() };
  };
  return inParallel(count, seed);
}
