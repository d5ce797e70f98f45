import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import type { Secret } from "../../core/secret.ts";

/** How to connect, in the driver's names. */
export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string | undefined;
  readonly application_name: string;
  readonly ssl: false | ConnectionOptions;
}

const known = ["host", "application_name", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/** These all encrypt and hold the server to its certificate and name: to encrypt for whoever answers would help nobody. */
const strict = ["require", "verify-ca", "verify-full"];

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/**
 * Reads `postgres://user:password@host:port/database`. Parameters that it may have:
 * - `host`: the directory of a Unix socket, or a host that takes the place of the URL's;
 * - `sslmode`: `verify-full` (also spelled `require` and `verify-ca`) or `disable`. Where nothing is said it is `disable`
 *   for a socket or a loopback address, and `verify-full` for every other host;
 * - `sslrootcert`: a file of certificates to trust in place of the system's; `sslcert` and `sslkey`: files of a
 *   certificate of one's own;
 * - `application_name`: what the server shows, `openshell-gateway` where nothing is said.
 *
 * Files are read once. @throws Error that says what is wrong without a byte of the URL.
 */
export function readConnectionUrl(secret: Secret): ConnectionTarget {
  const url = URL.parse(secret.reveal());
  if (!url || !/^postgres(ql)?:$/.test(url.protocol)) throw wrong("it is not of the form postgres://host/database");
  if ([...url.searchParams.keys()].some((name) => !known.includes(name))) {
    throw wrong(`it has a parameter that is not known; known are ${known.join(", ")}`);
  }
  const parameter = (name: string) => url.searchParams.get(name) || undefined;
  const host = parameter("host") ?? decoded(url.hostname).replace(/^\[(.*)\]$/, "$1");
  const database = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  if (host === "") throw wrong("it names no host; a Unix socket is named as ?host=/directory");
  if (database === "") throw wrong("it names no database");
  if (user === "") throw wrong("it names no user");
  return {
    ...{ host, database, user },
    port: url.port === "" ? 5432 : Number(url.port),
    password: url.password === "" ? undefined : decoded(url.password),
    application_name: parameter("application_name") ?? "openshell-gateway",
    ssl: readTls(host, parameter),
  };
}

function readTls(host: string, parameter: (name: string) => string | undefined): false | ConnectionOptions {
  const isNear = host.startsWith("/") || loopback.test(host);
  const mode = parameter("sslmode") ?? (isNear ? "disable" : "verify-full");
  if (mode === "disable") return false;
  if (!strict.includes(mode)) throw wrong(`its sslmode is none of disable, ${strict.join(", ")}`);
  const [ca, cert, key] = ["sslrootcert", "sslcert", "sslkey"].map((name) => readNamed(name, parameter(name)));
  // The name to hold the server to, which Node takes from here where the address is an IP address.
  return { host, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function readNamed(name: string, path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path, "utf8");
  } catch {
    throw wrong(`the file that its ${name} names cannot be read`);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("it has a % that is not part of an escape");
  }
}

const wrong = (what: string) => new Error(`the database's URL cannot be used: ${what}`);
