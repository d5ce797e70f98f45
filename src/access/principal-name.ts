import type { Principal } from "../core/principal.ts";

/** A principal as the audit log names it. */
export function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case "user":
      return `user:${principal.issuer}/${principal.subject}`;
    case "sandbox":
      return `sandbox:${principal.sandboxId}`;
    case "anonymous":
      return "anonymous";
  }
}
