import type { SandboxId } from "../core/ids.ts";
import type { Secret } from "../core/secret.ts";

/** What a driver needs to run a sandbox. The token is not part of it: see {@link ComputeDriver.deliverToken}. */
export interface SandboxSpec {
  readonly id: SandboxId;
  readonly name: string;
  readonly workspace: string;
  readonly logLevel: string;
  /** The main process's command line; empty where the supervisor only keeps its session. */
  readonly command: readonly string[];
  readonly tty: boolean;
  /** For the main process, not for the supervisor. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a driver observes of a sandbox's supervisor. */
export type DriverEvent =
  | { readonly kind: "started"; readonly sandboxId: SandboxId }
  /** The supervisor ended though nobody asked it to; `willRestartInMs` says when the driver starts it again. */
  | {
      readonly kind: "exited";
      readonly sandboxId: SandboxId;
      readonly detail: string;
      readonly willRestartInMs: number;
    };

/**
 * Runs sandboxes on one kind of compute. Methods are idempotent; they reject with an Error whose message may be shown
 * to an operator (never a secret).
 */
export interface ComputeDriver extends AsyncDisposable {
  readonly name: string;
  readonly version: string;
  /** Does the gateway push tokens through this driver (Docker, Podman, VM, process), or does the sandbox pull them (Kubernetes)? */
  readonly delivery: "push" | "pull";
  /** Refuses what this driver cannot run, with a message for the caller; undefined where it can. */
  validate(spec: SandboxSpec): string | undefined;
  /** Starts the supervisor. For push drivers a token was delivered before. */
  start(spec: SandboxSpec): Promise<void>;
  /** Ends the supervisor and all its processes. */
  stop(id: SandboxId): Promise<void>;
  /** Ends the supervisor and forgets all that the driver kept for the sandbox, its token file included. */
  remove(id: SandboxId): Promise<void>;
  /**
   * Puts a token where the supervisor reads it, replacing the one before, atomically and durably (architecture,
   * Delivery). A no-op for pull drivers.
   */
  deliverToken(id: SandboxId, token: Secret): Promise<void>;
  /** The token that the supervisor would read now, for the comparison at the gateway's start; undefined where there is none. */
  deliveredToken(id: SandboxId): Promise<Secret | undefined>;
}

/** What a driver may ask of the gateway. */
export interface DriverHost {
  /** Where supervisors reach the gateway, for instance `http://127.0.0.1:17670`. Asked at each start of a supervisor. */
  endpoint(): string;
  /**
   * Begins a new token family for the sandbox and delivers it through {@link ComputeDriver.deliverToken}; called before a
   * supervisor that died is started again. Rejects where the sandbox is gone.
   */
  renewToken(id: SandboxId): Promise<void>;
  onEvent(event: DriverEvent): void;
}
