/** Where sandboxes run: the driver interface, and one folder for each driver. */
export type { ComputeDriver, DriverEvent, DriverHost, SandboxSpec } from "./driver.ts";
export { createProcessDriver } from "./process/index.ts";
