import { parseFamilyId, parseSandboxId } from "../../core/ids.ts";
import type { Change } from "../change-feed.ts";
import { stored } from "../stored.ts";

/** A row of `changes`; undefined where its kind is one that only a later program knows. */
export function parseChange({ seq, kind, subject }: { seq: number; kind: string; subject: string }) {
  switch (kind) {
    case "family":
      return { seq, kind, id: stored(subject, parseFamilyId) } satisfies Change;
    case "sandbox":
    case "session":
      return { seq, kind, id: stored(subject, parseSandboxId) } satisfies Change;
    case "config":
      return { seq, kind, id: subject === "global" ? subject : stored(subject, parseSandboxId) } satisfies Change;
    default:
      return undefined;
  }
}
