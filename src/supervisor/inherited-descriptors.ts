import { closeSync, existsSync, readdirSync, readFileSync } from "node:fs";

const directory = "/proc/self/fdinfo";
const closeOnExec = 0o2000000;
const lastStandard = 2;

/**
 * Closes the descriptors that whoever started this process left open in it, before a child could get them (requirement
 * P4). Node.js marks all that it opens itself as close-on-exec, and of inherited ones only the lowest; so what lacks the
 * mark came from outside.
 * @returns how many it closed; 0 where there is no /proc, which a sandbox has.
 */
export function closeInheritedDescriptors(): number {
  if (!existsSync(directory)) return 0;
  const inherited = readdirSync(directory).map(Number).filter(isInherited);
  for (const descriptor of inherited) closeSync(descriptor);
  return inherited.length;
}

function isInherited(descriptor: number): boolean {
  if (descriptor <= lastStandard) return false;
  try {
    const flags = /^flags:\s*(?<octal>[0-7]+)$/m.exec(readFileSync(`${directory}/${descriptor}`, "utf8"))?.groups;
    return flags?.["octal"] !== undefined && (Number.parseInt(flags["octal"], 8) & closeOnExec) === 0;
  } catch {
    // It was the one that listed the directory, and is closed by now.
    return false;
  }
}
