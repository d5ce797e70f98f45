/** Which gateway a command talks to, and with what credentials: flags, environment and the files of the user and the machine. */
export { type Credentials, mtlsFiles, readCredentials, readLocalCertificates } from "./credentials.ts";
export { findDirectories } from "./directories.ts";
export { type Endpoint, parseEndpoint } from "./endpoint.ts";
export { defaultGatewayName, parseGatewayName } from "./gateway-name.ts";
export type { AuthMode, Registration } from "./registration.ts";
export { Registry } from "./registry.ts";
export { resolveTarget, type Target, type Wishes } from "./resolve.ts";
