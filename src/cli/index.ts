/** The command line `openshell`: commands that talk to a gateway over its public API, and to nothing else. */
export { runCli } from "./run.ts";
