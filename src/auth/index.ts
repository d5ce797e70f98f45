/** Who is calling: authenticators, and the chain that asks them (requirement A1). */
export type { Arrival, Authenticator, Outcome } from "./authenticator.ts";
export { decline } from "./authenticator.ts";
export { type Authenticate, createChain } from "./chain.ts";
export { readBearer } from "./credential.ts";
export { createDevUserAuthenticator } from "./dev-user/index.ts";
export { createSandboxJwtAuthenticator } from "./sandbox-jwt/index.ts";
