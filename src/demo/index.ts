/** The demonstration: a real gateway, two real supervisors, and what the wire says that each of them may do. */
export { runDemo } from "./run.ts";
