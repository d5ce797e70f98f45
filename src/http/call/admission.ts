import type { Gate } from "../../access/index.ts";
import { anonymous } from "../../core/principal.ts";
import type { Draining } from "../draining.ts";
import type { Call } from "./call.ts";

/**
 * Decides, when a call's headers are known and before its body is read, who makes it and whether they may, and notes the
 * caller in the call. Throws a `Refusal`, or rejects with one where something had to be waited for.
 */
export type Admit = (call: Call) => Promise<void> | undefined;

/** For guarded methods: not while draining, then the gate. */
export function guardedAdmission(gate: Gate, draining: Draining): Admit {
  return (call) => {
    if (draining.begun) throw draining.refusal();
    const { authorization, arrival } = call.head;
    const principal = gate({ method: call.method, authorization, arrival });
    if (!("then" in principal)) {
      call.caller = principal;
      return undefined;
    }
    return principal.then((found) => {
      call.caller = found;
    });
  };
}

/** For methods that are open to all, while draining too. */
export const admitAll: Admit = (call) => {
  call.caller = anonymous;
  return undefined;
};
