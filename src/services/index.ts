/** The methods of the API by domain, one folder each. */
export * from "./config/index.ts";
export * from "./gateway-info/index.ts";
export * from "./identity/index.ts";
export { inferenceService } from "./inference.ts";
export * from "./logs/index.ts";
export { openShellService } from "./openshell.ts";
export * from "./replication/index.ts";
export * from "./sandboxes/index.ts";
export * from "./sessions/index.ts";
export * from "./tokens/index.ts";
