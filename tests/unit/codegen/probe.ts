/** Writes the small proto files that the plugin is tried on. Each method and message takes one line. */

/** The line on which the first method stands. */
export const firstMethodLine = 5;

interface Probe {
  readonly methods: readonly string[];
  readonly messages?: readonly string[];
  readonly packageName?: string;
}

export function probe({ methods, messages = [], packageName = "openshell.v1" }: Probe): string {
  return [
    'syntax = "proto3";',
    `package ${packageName};`,
    'import "openshell/options/v1/options.proto";',
    "service Probe {",
    ...methods,
    "}",
    ...messages,
    "message Empty {}",
    "",
  ].join("\n");
}

/** A method that takes `input`, with its options. */
export function method(name: string, input: string, ...options: readonly string[]): string {
  return `  rpc ${name}(${input}) returns (Empty) { ${options.join(" ")} }`;
}

/** The authorization option in the text format of proto, for instance `auth_mode: "bearer" scope: "config:read"`. */
export const authorization = (rule: string): string => `option (openshell.options.v1.authorization) = { ${rule} };`;
export const bearer = authorization('auth_mode: "bearer"');
export const dual = authorization('auth_mode: "dual"');
export const sandbox = authorization('auth_mode: "sandbox"');
export const fromPrincipal = "option (openshell.options.v1.sandbox_from_principal) = true;";

export const byId = '[(openshell.options.v1.sandbox_ref) = "id"]';
export const byName = '[(openshell.options.v1.sandbox_ref) = "name"]';
export const byNameOrEmpty =
  '[(openshell.options.v1.sandbox_ref) = "name", (openshell.options.v1.sandbox_ref_optional) = true]';
