import type { Log } from "../core/log.ts";

/** Variables of the supervisor; the sandboxed process gets none of them, whoever set them (requirement P4). */
const reserved = /^OPENSHELL_/i;

const base = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
};

/**
 * The environment of the main process, made anew: nothing comes from the supervisor's own.
 * @param user what the sandbox's owner set.
 */
export function childEnvironment(
  user: Readonly<Record<string, string>>,
  workdir: string,
  log: Log,
): Record<string, string> {
  const allowed = Object.entries(user).filter(([name]) => !reserved.test(name));
  const refused = Object.keys(user).length - allowed.length;
  if (refused > 0) log.warn({ refused }, "variables that begin with OPENSHELL_ are not passed on");
  return { ...base, HOME: workdir, ...Object.fromEntries(allowed) };
}
