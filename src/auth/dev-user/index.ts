/** The user without a credential on a developer's own machine (requirement A6). */
export { createDevUserAuthenticator } from "./authenticator.ts";
