import type { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import type { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { HandlerOf } from "../../access/index.ts";
import { Refusal } from "../../core/refusal.ts";
import { type Tokens, tokenConflictMetadata } from "../../tokens/index.ts";

type Method = "refreshSandboxToken" | "issueSandboxToken";

export type TokenHandlers = {
  readonly [K in Method]: HandlerOf<typeof OpenShell, typeof openShellAuthorization, K>;
};

export function createTokenHandlers({ tokens }: { readonly tokens: Pick<Tokens, "refresh"> }): TokenHandlers {
  return {
    async refreshSandboxToken({ extensionServiceNames }, { principal, metadata }) {
      if (extensionServiceNames.length > 0) {
        throw new Refusal("not-built", { says: "extension_service_names: this gateway makes no extension tokens yet" });
      }
      const { token, expiresAt } = await tokens.refresh(principal, { conflict: !!metadata.get(tokenConflictMetadata) });
      return { token: token.reveal(), expiresAtMs: BigInt(expiresAt) };
    },
    /** A first token is for sandboxes that bootstrap (requirement T3); a gateway token is no bootstrap credential. */
    issueSandboxToken() {
      throw new Refusal("cannot-bootstrap");
    },
  };
}
