import type { SandboxId } from "../core/ids.ts";
import type { StoredSettings } from "./settings.ts";

/** What a piece of configuration applies to: one sandbox, or all of them. */
export type ConfigScope = SandboxId | "global";

/** A policy as it is stored: text that means the same in every process, and the hash over it. */
export interface PolicyText {
  readonly canonical: string;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** Who changed something, and when (milliseconds since the epoch). */
export interface Author {
  readonly source: "user" | "sandbox";
  /** As the audit log names it. */
  readonly principal: string;
  readonly at: number;
}

/** The configuration of one scope. */
export interface StoredScope {
  readonly scope: ConfigScope;
  /** One more for each change of the policy or a setting. */
  readonly revision: number;
  /** The last version number that a policy got; 0 where there never was one. Numbers are not used twice. */
  readonly policyVersion: number;
  /** The policy in force; its version is `policyVersion`. */
  readonly policy: PolicyText | undefined;
  /** `user` from the first time that a user set the policy; undefined where there never was one. */
  readonly owner: "user" | "sandbox" | undefined;
  /** The newest version that the sandbox said it has loaded; 0 for none. */
  readonly loadedVersion: number;
  readonly settings: StoredSettings;
}

export type ScopeChange =
  /** A new version of the policy. */
  | { readonly kind: "policy"; readonly policy: PolicyText }
  /** A user set the very policy that a sandbox had brought: the version stays, the policy is the user's from now on. */
  | { readonly kind: "adopt" }
  | { readonly kind: "delete-policy" }
  /** Without a value the setting is deleted. */
  | { readonly kind: "setting"; readonly key: string; readonly value: string | undefined };

/** What stands when a change is decided. */
export interface Standing {
  readonly own: StoredScope;
  /** The global scope; the same as `own` where that is changed. */
  readonly global: StoredScope;
  /** The sandbox's resource version; undefined for the global scope. */
  readonly resourceVersion: number | undefined;
}

/** What stands afterwards. */
export interface Changed {
  readonly scope: StoredScope;
  readonly changed: boolean;
  /** The sandbox's resource version, one more where something changed; undefined for the global scope. */
  readonly resourceVersion: number | undefined;
}

/** What a sandbox says of a version of its policy. */
export interface PolicyReport {
  readonly version: number;
  readonly status: "loaded" | "failed";
  readonly loadError: string | undefined;
  readonly at: number;
}

/** Where policies and settings are kept, durably; rejections are as for `FamilyStore`. */
export interface PolicyStore {
  /**
   * All scopes, the global one always among them. Forgets those whose sandbox is gone; where other gateways may be making
   * sandboxes at the same time, only those that nobody has touched for as long as changes are kept.
   */
  load(): Promise<StoredScope[]>;
  /** Those of the scopes that there are, in no order. */
  findMany(scopes: readonly ConfigScope[]): Promise<StoredScope[]>;
  /** Begins a sandbox's scope, with version 1 of its policy where it has one. */
  insert(id: SandboxId, policy: PolicyText | undefined, author: Author): Promise<StoredScope>;
  /**
   * Reads what stands, asks `decide`, and writes what it says, in one transaction; what `decide` throws comes through
   * and nothing is written. Resolves to undefined where there is no such scope.
   */
  change(
    scope: ConfigScope,
    author: Author,
    decide: (standing: Standing) => ScopeChange | undefined,
  ): Promise<Changed | undefined>;
  /** Records a report. Resolves to the scope afterwards; undefined where there is no such version. */
  report(id: SandboxId, report: PolicyReport): Promise<StoredScope | undefined>;
  remove(id: SandboxId): Promise<void>;
}
