import type { Audit, AuditEvent } from "../core/audit.ts";
import type { ServiceLog } from "./create-log.ts";
import type { Metrics } from "./create-metrics.ts";
import { printable } from "./printable.ts";

const longestValue = 256;
/** What a caller asked for, in its own spelling, gets less room than what the gateway says itself. */
const longestRequest = 128;

/**
 * The audit log (requirements O1, S5): one JSON line an event, whatever the log's level, and a count. A line that cannot
 * be written is counted too, and fails nobody.
 */
export function createAudit({ log, metrics }: { log: ServiceLog; metrics: Metrics }): Audit {
  return (event) => {
    try {
      log.audit.info(printed(event), "audit");
      metrics.audited(event.event);
    } catch {
      metrics.auditFailed();
    }
  };
}

function printed(event: AuditEvent): Record<string, string> {
  const values = Object.entries(event).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(
    values.map(([name, value]) => [name, cut(printable(value), name === "requested" ? longestRequest : longestValue)]),
  );
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
