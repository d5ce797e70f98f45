import { demand, shapeOf, shownKey } from "./demand.ts";

const mostVariables = 256;
const longestValue = 32 * 1024;
const posixName = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;

/** The supervisor's own settings, its token among them; a sandbox's owner does not write them. */
const reserved = /^OPENSHELL_/i;

/**
 * Checks variables for a sandbox's main process.
 * @throws Refusal `request-invalid`; values are told by their length alone.
 */
export function checkEnvironment(environment: Readonly<Record<string, string>>, field: string): void {
  const entries = Object.entries(environment);
  demand(entries.length <= mostVariables, field, `at most ${mostVariables} variables`, `${entries.length}`);
  for (const [name, value] of entries) {
    const at = `${field}[${shownKey(name)}]`;
    demand(posixName.test(name), at, "a name of letters, digits and _, not first a digit, at most 256", shapeOf(name));
    demand(
      !reserved.test(name),
      at,
      "a name that does not begin with OPENSHELL_, which are the supervisor's",
      "one that does",
    );
    demand(!value.includes("\0"), at, "a value without NUL characters", "one with them");
    demand(value.length <= longestValue, at, `a value of at most ${longestValue} characters`, `${value.length}`);
  }
}
