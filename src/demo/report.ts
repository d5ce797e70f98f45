import type { Said } from "./caller.ts";

/** Prints a step's line and keeps the count of those that were not as they must be. */
export function createReport(print: (line: string) => void) {
  let steps = 0;
  let wrong = 0;
  return {
    heading: (text: string) => print(`\n${text}`),
    /** One step: what was done, what the wire said, and whether that is what must be. */
    step(what: string, said: Said, mustBe: string | ((said: Said) => boolean)) {
      steps++;
      const right = typeof mustBe === "string" ? said.status === mustBe : mustBe(said);
      if (!right) wrong++;
      const must = right || typeof mustBe !== "string" ? "" : `   (must be ${mustBe})`;
      print(`${right ? "  ok  " : "WRONG "} ${what.padEnd(58)} ${said.status}: ${said.text}${must}`);
    },
    /** The count of steps, and whether all were right. */
    close(): boolean {
      print(`\n${steps - wrong} of ${steps} steps were as they must be.`);
      return wrong === 0;
    },
  };
}

export type Report = ReturnType<typeof createReport>;
