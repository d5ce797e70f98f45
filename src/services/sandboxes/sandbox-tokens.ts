import type { Tokens } from "../../tokens/index.ts";

/** What the life of a sandbox needs of tokens. */
export type SandboxTokens = Pick<Tokens, "issue" | "currentToken" | "deliver" | "revokeSandbox" | "onRevoked">;
