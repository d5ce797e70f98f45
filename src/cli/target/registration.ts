import { Failure } from "../failure.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";

const authModes = ["mtls", "plaintext", "oidc", "cloudflare_jwt"] as const;

export type AuthMode = (typeof authModes)[number];

/** What `metadata.json` says of a gateway. */
export interface Registration {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** `mtls` where the file names none. */
  readonly authMode: AuthMode;
  readonly remoteHost?: string;
}

const portOf = (url: string): number => Number(new URL(url).port) || (url.startsWith("https:") ? 443 : 80);

/** The text of a `metadata.json`, with the keys that other OpenShell clients read. */
export function formatRegistration({ name, endpoint, authMode, remoteHost }: Registration): string {
  const metadata = {
    name,
    gateway_endpoint: endpoint.url,
    is_remote: remoteHost !== undefined,
    gateway_port: portOf(endpoint.url),
    ...(remoteHost === undefined ? {} : { remote_host: remoteHost }),
    auth_mode: authMode,
  };
  return `${JSON.stringify(metadata, undefined, 2)}\n`;
}

/** Reads a JSON object. @throws Failure that names the file */
export function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw new Failure(`${path} is not JSON`, { cause, next: "mend or remove the file" });
  }
  throw new Failure(`${path} is not a JSON object`, { next: "mend or remove the file" });
}

/**
 * Reads a `metadata.json`. Keys that are not known are let be, as newer clients may write more.
 *
 * @param name the directory's name; what the file says of its name is not believed
 * @throws Failure that names the file
 */
export function parseRegistration(text: string, name: string, path: string): Registration {
  const metadata = parseObject(text, path);
  const { gateway_endpoint: endpoint, auth_mode: mode = "mtls", remote_host: remoteHost } = metadata;
  const authMode = authModes.find((known) => known === mode);
  if (!authMode) {
    throw new Failure(`${path}: auth_mode is not one of ${authModes.join(", ")}`);
  }
  if (typeof endpoint !== "string") {
    throw new Failure(`${path}: gateway_endpoint is missing`, { next: "mend or remove the file" });
  }
  return {
    name,
    endpoint: parseEndpoint(endpoint.replace(/\/$/, ""), `${path}: gateway_endpoint`),
    authMode,
    ...(typeof remoteHost === "string" ? { remoteHost } : {}),
  };
}
