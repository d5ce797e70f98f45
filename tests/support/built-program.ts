import { join } from "node:path";

/** Names the folder of this run's programs; only the run itself sets it. */
export const directoryVariable = "OPENSHELL_TEST_PROGRAMS";

/** Where a program is that the tests may start, see `build-programs.ts`. */
export const builtProgram = (name: string): string => join(directory(), `${name}.js`);

/**
 * The environment by which programs that tests start share what Node compiled of them: each has a home of its own, and
 * would otherwise compile everything anew.
 */
export const compileCache = () => ({ NODE_COMPILE_CACHE: join(directory(), "compiled") });

function directory(): string {
  const path = process.env[directoryVariable];
  if (path === undefined) throw new Error("programs are built where tests run, and nowhere else");
  return path;
}
