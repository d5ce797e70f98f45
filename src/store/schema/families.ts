import type { RevocationCause } from "../../tokens/index.ts";

/** See `Family` for what the columns mean; `presented` is 0 or 1. */
export interface FamilyRow {
  family_id: string;
  sandbox_id: string;
  generation: number;
  key_id: string;
  issued_at: number;
  expires_at: number;
  presented: number;
  rotated_at: number | null;
  revoked_at: number | null;
  revoked_for: RevocationCause | null;
}

export interface FamilyTables {
  token_families: FamilyRow;
}
