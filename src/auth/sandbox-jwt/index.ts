/** Recognises the gateway's own tokens (requirement A2). */
export { createSandboxJwtAuthenticator } from "./authenticator.ts";
