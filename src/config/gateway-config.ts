import type { Secret } from "../core/secret.ts";

/** The gateway's configuration, complete, validated and frozen. Its one secret does not print, so it may be logged. */
export interface GatewayConfig {
  /** A developer's own gateway. */
  readonly dev: boolean;
  /** The file that was read. */
  readonly file: string | undefined;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error";
  readonly stateDir: string;
  /** Where `generate-certs` puts keys and certificates. */
  readonly tlsDir: string;
  /** The main one first. */
  readonly listeners: readonly [ListenerConfig, ...ListenerConfig[]];
  /** Addresses and networks whose `X-Forwarded-Proto` is believed. */
  readonly trustedProxies: readonly string[];
  /** What supervisors trust as the gateway's certificate; undefined where the operating system decides. */
  readonly guestTlsCa: string | undefined;
  readonly allowUnauthenticatedUsers: boolean;
  /** Names besides those of loopback under which unauthenticated users may reach the gateway; lower case. */
  readonly allowedHosts: readonly string[];
  readonly database: DatabaseConfig;
  /** The name among gateways that share the database; undefined where one is to be made and kept. */
  readonly replicaName: string | undefined;
  readonly signingKey: SigningKeyConfig;
  readonly tokens: TokenConfig;
  readonly drivers: readonly "process"[];
  readonly reflection: boolean;
  readonly drainMs: number;
  /** Undefined where calls are not traced. */
  readonly tracing: TracingConfig | undefined;
  readonly limits: LimitConfig;
}

export type DatabaseConfig =
  | { readonly kind: "sqlite"; readonly path: string }
  /** `connections` are for queries; there is one more. */
  | { readonly kind: "postgres"; readonly url: Secret; readonly connections: number };

export interface ListenerConfig {
  readonly kind: "users" | "sandboxes" | "operations";
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly tls?: TlsConfig;
}

export interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string;
  readonly clientCertificates?: "optional" | "required";
}

/** Files of one signing key. */
export interface SigningKeyConfig {
  readonly signing: string;
  readonly public: string;
  readonly keyId: string;
  /** They are not there yet, and a developer's gateway makes them in `tlsDir`. */
  readonly toBeMade: boolean;
}

interface TokenConfig {
  readonly gatewayId: string;
  readonly ttlSeconds: number;
  readonly leewaySeconds: number;
  readonly refreshGraceMs: number;
  readonly refreshPerMinute: number;
  readonly refreshBurst: number;
  readonly revokeOnReuse: boolean;
  /** For how long revocations may be unknown before sandbox tokens are refused with `unavailable`. */
  readonly longestBlindMs: number;
}

export interface TracingConfig {
  /** Where OTLP is taken over HTTP. */
  readonly endpoint: string;
  /** The share of traces that are sent, from 0 to 1. */
  readonly ratio: number;
}

/** Times are milliseconds, sizes bytes. */
export interface LimitConfig {
  readonly messageBytes: number;
  readonly answerBytes: number;
  readonly headerBytes: number;
  readonly streamsPerConnection: number;
  readonly streamsPerSandbox: number;
  readonly healthWatchers: number;
  readonly connections: number;
  readonly requestMs: number;
  readonly headersMs: number;
  readonly openingMs: number;
  readonly firstRequestMs: number;
  readonly idleMs: number;
  readonly pingMs: number;
  readonly pingAckMs: number;
}
