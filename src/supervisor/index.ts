/**
 * The supervisor: the trusted process that runs inside a sandbox, proves to the gateway who it is, and starts the sandboxed
 * command as another user. Imports only `gen/` and `core`.
 */
export { systemAccounts } from "./account-ids.ts";
export { closeInheritedDescriptors } from "./inherited-descriptors.ts";
export { runProgram } from "./program.ts";
