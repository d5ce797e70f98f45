/** The tables as the newest migration leaves them, one file an entity. */
import type { ChangeTables } from "./changes.ts";
import type { FamilyTables } from "./families.ts";
import type { PolicyTables } from "./policies.ts";
import type { ReplicaTables } from "./replicas.ts";
import type { SandboxTables } from "./sandboxes.ts";

export interface Tables extends ChangeTables, FamilyTables, PolicyTables, ReplicaTables, SandboxTables {}
