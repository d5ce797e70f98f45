import type { DescMethod } from "@bufbuild/protobuf";
import type { Principal } from "../../core/principal.ts";
import type { Head } from "../head.ts";

/** One call on its way, over whatever transport. */
export interface Call {
  readonly method: DescMethod;
  readonly head: Head;
  /** By the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  /** Set where the call was admitted. */
  caller: Principal | undefined;
  /** Whether the implementation answered in full. */
  answered: boolean;
}
