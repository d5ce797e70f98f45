/** The gateway as a program: from a command line to a gateway that serves until it is told to stop. */
export { runGatewayProgram } from "./run-program.ts";
