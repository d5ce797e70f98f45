/** Who may call a method (requirement A7); `dual` is a user or a sandbox. */
export type AuthMode = "unauthenticated" | "bearer" | "sandbox" | "dual";

/** A request field, as protobuf-es local names from the request inwards; a repeated message stands for all its elements. */
export type FieldPath = readonly string[];

/** A field that names a sandbox: by its id, or by its name in the workspace that a sibling field names. */
export interface FieldReference {
  readonly by: "id" | "name";
  readonly field: FieldPath;
  readonly workspace?: FieldPath;
}

type SandboxReference =
  /** The method concerns the calling sandbox: its request names none. */
  | { readonly from: "principal" }
  | (FieldReference & {
      readonly from: "request";
      /** May the field be empty? Then no sandbox is scoped, and a sandbox principal is refused. */
      readonly optional: boolean;
      /** Further fields that, where they are set, must name the same sandbox. */
      readonly also: readonly FieldReference[];
    });

/** One method's row of the generated authorization table. */
export interface AuthorizationRow {
  readonly mode: AuthMode;
  readonly scope?: string;
  readonly workspaceRole?: "user" | "admin";
  readonly globalRole?: "platform_admin";
  readonly sandbox?: SandboxReference;
}
