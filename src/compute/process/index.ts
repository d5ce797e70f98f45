/** The process driver (requirement D0): supervisors as child processes of the gateway. */
export { createProcessDriver } from "./process-driver.ts";
