/**
 * What a sandbox may do: policies in versions, and settings, of each sandbox and of the gateway as a whole. Users decide
 * them; a sandbox reads its own, brings the policy of its image where nobody has decided one, and says what it runs.
 */
export { Configuration } from "./configuration.ts";
export { type ConfigHandlers, createConfigHandlers } from "./create-config-handlers.ts";
