/**
 * The gateway's configuration, read once: a command line becomes a plan, and flags, environment and file become one
 * validated, frozen value (requirement G4).
 */
export { parseCommandLine } from "./command-line.ts";
export { ConfigError } from "./config-error.ts";
export type { DatabasePlan } from "./database-commands.ts";
export { type Environment, localTlsDirectory } from "./directories.ts";
export type { DatabaseConfig, GatewayConfig, ListenerConfig } from "./gateway-config.ts";
export type { KeysPlan } from "./keys-command.ts";
export { loadConfig, loadDatabaseConfig } from "./load-config.ts";
export { optionsTable } from "./options-table.ts";
