/** What a piece of configuration applies to: `global`, or a sandbox by its id. */
type ScopeColumn = string;

/** See `StoredScope` for what the columns mean; `policy_active` is 0 or 1. */
export interface ConfigScopeRow {
  scope: ScopeColumn;
  revision: number;
  policy_version: number;
  policy_active: number;
  policy_owner: "user" | "sandbox" | null;
}

interface PolicyRevisionRow {
  scope: ScopeColumn;
  version: number;
  /** The policy's canonical JSON. */
  policy: string;
  policy_hash: string;
  status: "pending" | "loaded" | "failed" | "superseded";
  load_error: string | null;
  source: "user" | "sandbox";
  principal: string;
  created_at: number;
  loaded_at: number | null;
}

interface ConfigSettingRow {
  scope: ScopeColumn;
  key: string;
  /** The JSON of an `openshell.sandbox.v1.SettingValue`. */
  value: string;
}

export interface PolicyTables {
  config_scopes: ConfigScopeRow;
  policy_revisions: PolicyRevisionRow;
  config_settings: ConfigSettingRow;
}
