import {
  type DescExtension,
  type DescField,
  type DescFile,
  type DescMethod,
  getOption,
  hasOption,
  type Message,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";

/** What `(openshell.options.v1.authorization)` says of a method, in the proto's names; empty where a member is not set. */
export interface AuthorizationOption {
  readonly auth_mode: string;
  readonly workspace_role: string;
  readonly global_role: string;
  readonly scope: string;
}

/** Reads our options from descriptors. */
export interface OptionReader {
  authorization(method: DescMethod): AuthorizationOption | undefined;
  sandboxFromPrincipal(method: DescMethod): boolean;
  /** How the field names a sandbox, as it is written; undefined where it is not marked. */
  sandboxRef(field: DescField): string | undefined;
  sandboxRefOptional(field: DescField): boolean;
}

const optionsPackage = "openshell.options.v1";

/**
 * Finds the options among the files of one compilation, by name: the plugin reads nothing that it or its
 * neighbours generate, so it runs in an empty `gen/` too. An option that no file declares is set nowhere.
 */
export function createOptionReader(files: readonly DescFile[]): OptionReader {
  const extensions = files.filter((file) => file.proto.package === optionsPackage).flatMap((file) => file.extensions);
  const read = (name: string, from: DescMethod | DescField): unknown => {
    const extension = extensions.find((one) => one.name === name);
    return extension && hasOption(from, extension) ? plain(getOption(from, extension), extension) : undefined;
  };
  return {
    authorization: (method) => read("authorization", method) as AuthorizationOption | undefined,
    sandboxFromPrincipal: (method) => read("sandbox_from_principal", method) === true,
    sandboxRef: (field) => read("sandbox_ref", field) as string | undefined,
    sandboxRefOptional: (field) => read("sandbox_ref_optional", field) === true,
  };
}

/** A message's members by the names of the proto, or the value itself. */
function plain(value: unknown, { message: type }: DescExtension): unknown {
  if (!type) return value;
  const message = reflect(type, value as Message);
  return Object.fromEntries(type.fields.map((field) => [field.name, message.get(field)]));
}
