/**
 * Every migration there ever was, by its number and name, in a map rather than a folder to scan, so that a bundle has
 * them too. One that was released is never edited: a test holds what each of them writes.
 */
import type { Migration } from "kysely/migration";
import { foundation } from "./0001-foundation.ts";
import { policies } from "./0002-policies.ts";
import { oneLiveFamily } from "./0003-one-live-family.ts";
import { changes } from "./0004-changes.ts";
import { replicas } from "./0005-replicas.ts";

export const migrations: Readonly<Record<string, Migration>> = {
  "0001-foundation": foundation,
  "0002-policies": policies,
  "0003-one-live-family": oneLiveFamily,
  "0004-changes": changes,
  "0005-replicas": replicas,
};
