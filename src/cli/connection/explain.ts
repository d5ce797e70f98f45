import { Code, ConnectError } from "@connectrpc/connect";
import { exitCodes, Failure } from "../failure.ts";
import { printable } from "../output/index.ts";

interface Hint {
  readonly says: string;
  readonly next: string;
}

const untrusted: Hint = {
  says: "its certificate is not signed by an authority that this gateway's registration trusts",
  next: "put the authority's certificate into the gateway's mtls/ca.crt, or use --gateway-insecure on a network that you trust",
};
const otherProtocol: Hint = {
  says: "it closed the connection and does not seem to speak gRPC",
  next: "does the endpoint's scheme (http or https) and port belong to a gateway, and does the gateway want a client certificate?",
};
const unknownHost: Hint = { says: "the host is not known", next: "is the host's name spelled right?" };

/** What went wrong below gRPC, by the code of Node.js or OpenSSL. */
const networkHints: Readonly<Record<string, Hint>> = {
  ECONNREFUSED: {
    says: "connection refused",
    next: "is the gateway running? start one with `npm start` or name another with --gateway-endpoint",
  },
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ETIMEDOUT: { says: "no answer", next: "is the network between here and the gateway up?" },
  EHOSTUNREACH: { says: "no route to the host", next: "is the network between here and the gateway up?" },
  ENETUNREACH: { says: "no route to the network", next: "is the network between here and the gateway up?" },
  ECONNRESET: otherProtocol,
  EPIPE: otherProtocol,
  ERR_HTTP2_ERROR: otherProtocol,
  ERR_HTTP2_SESSION_ERROR: otherProtocol,
  ERR_SSL_WRONG_VERSION_NUMBER: {
    says: "it does not speak TLS",
    next: "a gateway without TLS has an http:// endpoint",
  },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: {
    says: "it does not speak TLS",
    next: "a gateway without TLS has an http:// endpoint",
  },
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: {
    says: "it wants a client certificate",
    next: "put ca.crt, tls.crt and tls.key into the gateway's mtls directory",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    says: "its certificate is for another host name",
    next: "use a host name that the certificate holds",
  },
  CERT_SIGNATURE_FAILURE: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_HAS_EXPIRED: { says: "its certificate has expired", next: "renew the gateway's certificate" },
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
};

/** What to do about a refusal of the gateway, where its own words do not say. */
const refusalHints: Partial<Record<Code, string>> = {
  [Code.PermissionDenied]:
    "see who you are with `openshell whoami`, and ask an administrator for the role that is missing",
  [Code.NotFound]: "see what is there with `openshell sandbox list` (--workspace names another workspace)",
  [Code.AlreadyExists]: "choose another name, or delete the one that has it",
  [Code.Unavailable]: "try again; `openshell status` shows whether the gateway is up",
  [Code.ResourceExhausted]: "wait a little and try again",
  [Code.Aborted]: "someone else made a change at the same time; try again",
  [Code.Unimplemented]: "this gateway does not offer that; `openshell status` shows its version",
  [Code.Internal]: "the gateway's log says more",
  [Code.Unknown]: "the gateway's log says more",
  [Code.DeadlineExceeded]: "try again; `openshell status` shows whether the gateway is up",
};

/** The name of a status code as gRPC spells it, such as `NOT_FOUND`. */
function codeName(code: Code): string {
  return (Code[code] ?? String(code)).replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

function networkHint(thrown: unknown): Hint | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth += 1) {
    const hint = "code" in error && typeof error.code === "string" ? networkHints[error.code] : undefined;
    if (hint) return hint;
  }
  return undefined;
}

function unreachable(hint: Hint, { endpoint }: Where, cause: unknown): Failure {
  return new Failure(`cannot reach the gateway at ${endpoint}: ${hint.says}`, { next: hint.next, cause });
}

/** Says why a connection could not be opened. A {@link Failure} is given back as it is. */
export function explainUnreachable(thrown: unknown, where: Where): Failure {
  if (thrown instanceof Failure) return thrown;
  const says = printable(thrown instanceof Error ? ConnectError.from(thrown).rawMessage : "the connection failed");
  const next = "is the endpoint right, and is a gateway behind it?";
  return unreachable(networkHint(thrown) ?? { says, next }, where, thrown);
}

/** Where a call went and what it presented, so that a message can say so. */
export interface Where {
  readonly endpoint: string;
  readonly presented: "bearer" | "certificate" | "nothing";
  /** Whether the bearer token says that its time is over. */
  readonly expired?: boolean;
}

function credentialHint({ presented, expired }: Where): string {
  if (presented === "nothing") return "this gateway wants a login or a client certificate, and none is stored for it";
  if (presented === "certificate") return "is the client certificate one that this gateway's authority signed?";
  return expired
    ? "the stored login has expired; store a fresh token"
    : "the stored login is no longer accepted; store a fresh token";
}

/**
 * Says what happened to a call, where, in the gateway's own words, and what to do next.
 * A {@link Failure} is given back as it is; what is no answer of a gateway and no network error is given back too, to be
 * reported as a defect.
 */
export function explain(thrown: unknown, where: Where): unknown {
  if (thrown instanceof Failure) return thrown;
  const network = networkHint(thrown);
  if (network) {
    return unreachable(network, where, thrown);
  }
  if (!(thrown instanceof ConnectError)) return thrown;
  const timedOut = thrown.code === Code.DeadlineExceeded;
  return new Failure(
    `the gateway at ${where.endpoint} answered ${codeName(thrown.code)}: ${printable(thrown.rawMessage)}`,
    {
      next: thrown.code === Code.Unauthenticated ? credentialHint(where) : refusalHints[thrown.code],
      exitCode: timedOut ? exitCodes.timeout : exitCodes.failure,
      cause: thrown,
    },
  );
}
