/** What changed, and when (milliseconds since the epoch, by the database's clock). Triggers write it. */
interface ChangeRow {
  seq: number;
  /** `family`, `sandbox`, `config` or `session`; a later program may have written others. */
  kind: string;
  /** The id of what changed, or a scope. */
  subject: string;
  at: number;
}

export interface ChangeTables {
  changes: ChangeRow;
}
