import { readFileSync } from "node:fs";

/** Turns names of users and groups into the numbers that the kernel knows. */
export interface AccountIds {
  user(name: string): number | undefined;
  group(name: string): number | undefined;
}

/** Looks names up in /etc/passwd and /etc/group; decimal numbers stand for themselves. */
export const systemAccounts: AccountIds = {
  user: (name) => lookUp("/etc/passwd", name),
  group: (name) => lookUp("/etc/group", name),
};

function lookUp(file: string, name: string): number | undefined {
  if (/^\d{1,10}$/.test(name)) return Number(name);
  const row = linesOf(file).find((line) => line.startsWith(`${name}:`));
  const id = row?.split(":")[2];
  return id === undefined ? undefined : Number(id);
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}
