/**
 * The rows that are written. The guard has its own types for what it reads (`src/access`), and the generated
 * constants must fit them to compile; so the plugin depends on nothing that it helps to build.
 */
export interface Row {
  readonly mode: Mode;
  readonly scope?: string;
  readonly workspaceRole?: "user" | "admin";
  readonly globalRole?: "platform_admin";
  readonly sandbox?: SandboxReference;
}

export type Mode = "unauthenticated" | "bearer" | "sandbox" | "dual";

export type SandboxReference = { readonly from: "principal" } | RequestReference;

/** A request names its sandbox in one field, which may be optional; further fields must then name the same one. */
export interface RequestReference extends FieldReference {
  readonly from: "request";
  readonly optional: boolean;
  readonly also: readonly FieldReference[];
}

/** A field by its path of local names from the request inwards; a name counts within the workspace of a sibling field. */
export interface FieldReference {
  readonly by: "id" | "name";
  readonly field: readonly string[];
  readonly workspace?: readonly string[];
}
