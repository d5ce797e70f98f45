import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { Secret } from "../core/secret.ts";
import { parseTokenText } from "./token-text.ts";

/** Metadata of a refresh by which the supervisor says that somebody else refreshed its token (architecture, Rotation). */
const tokenConflictHeader = "openshell-token-conflict";

const timeoutMs = 10_000;

/** The two calls that get tokens. They name their credential themselves, so no recovery runs within a recovery. */
export interface TokenCalls {
  /** Trades a ServiceAccount token for the sandbox's first gateway token (T3). Rejects with a ConnectError. */
  exchange(serviceAccountToken: Secret): Promise<Secret>;
  /** Trades a gateway token for its successor (T4). Rejects with a ConnectError. */
  refresh(token: Secret, options: { readonly conflict: boolean }): Promise<Secret>;
}

/** @param transport one that adds no credential. */
export function createTokenCalls(transport: Transport): TokenCalls {
  const client: Client<typeof OpenShell> = createClient(OpenShell, transport);
  return {
    async exchange(serviceAccountToken) {
      const answer = await client.issueSandboxToken({}, { timeoutMs, headers: bearerHeaders(serviceAccountToken) });
      return parseTokenText(answer.token, "the answer to IssueSandboxToken");
    },
    async refresh(token, { conflict }) {
      const headers = { ...bearerHeaders(token), ...(conflict ? { [tokenConflictHeader]: "1" } : {}) };
      const answer = await client.refreshSandboxToken({}, { timeoutMs, headers });
      return parseTokenText(answer.token, "the answer to RefreshSandboxToken");
    },
  };
}

const bearerHeaders = (token: Secret) => ({ authorization: bearerValue(token) });

/** The one way to spell the header. */
export const bearerValue = (token: Secret): string => `Bearer ${token.reveal()}`;
