import type { DescMethod } from "@bufbuild/protobuf";
import type { Arrival } from "../auth/index.ts";
import type { Principal } from "../core/principal.ts";

/** What is known of a call before its body is read. */
export interface CallHead {
  readonly method: DescMethod;
  /** Every Authorization value that came, as sent and in order; more than one is a refusal. */
  readonly authorization: readonly string[];
  readonly arrival: Arrival;
}

/**
 * Authenticates a call and checks its method's row, before the body is read. Throws a `Refusal`, or rejects with one where
 * something had to be waited for; most calls need to wait for nothing.
 */
export type Gate = (head: CallHead) => Principal | Promise<Principal>;
