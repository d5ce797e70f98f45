import type { Secret } from "../core/secret.ts";
import { supersedes } from "./token-claims.ts";
import { readServiceAccountToken, readTokenFile } from "./token-file.ts";

/** Where the supervisor's token comes from, as configured (requirement P1). */
export type TokenSourceConfig =
  | { readonly kind: "environment"; readonly token: Secret }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "kubernetes"; readonly path: string };

export interface TokenSource {
  readonly kind: TokenSourceConfig["kind"];
  /** The first token. Rejects with TokenUnreadable, or with the status of the exchange. */
  first(): Promise<Secret>;
  /** A token that may take the place of a refused one; undefined where the source has none now. Rejects as `first`. */
  another(refused: Secret): Promise<Secret | undefined>;
}

/** Trades a ServiceAccount token for a gateway token (IssueSandboxToken). */
export type ExchangeToken = (serviceAccountToken: Secret) => Promise<Secret>;

export function createTokenSource(config: TokenSourceConfig, exchange: ExchangeToken): TokenSource {
  switch (config.kind) {
    case "environment":
      return { kind: "environment", first: async () => config.token, another: async () => undefined };
    case "file":
      return {
        kind: "file",
        first: () => readTokenFile(config.path),
        another: async (refused) => {
          const token = await readTokenFile(config.path);
          return supersedes(token, refused) ? token : undefined;
        },
      };
    case "kubernetes": {
      const exchanged = async () => exchange(await readServiceAccountToken(config.path));
      return { kind: "kubernetes", first: exchanged, another: exchanged };
    }
  }
}
