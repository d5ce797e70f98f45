import { kill } from "node:process";
import { errorCode } from "./error-code.ts";

/** Signals all processes of the group; false where there is none left that could take it. */
export const signalGroup = (leader: number, signal: NodeJS.Signals): boolean => send(-leader, signal);

/** Signals one process; false where it is gone. */
export const signalProcess = (pid: number, signal: NodeJS.Signals): boolean => send(pid, signal);

function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    return kill(target, signal);
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code === "ESRCH" || code === "EPERM") return false;
    throw thrown;
  }
}
