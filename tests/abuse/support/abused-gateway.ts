import { statSync } from "node:fs";
import { join } from "node:path";
import { AsyncDisposableStack } from "../../../src/core/disposable-stacks.ts";
import type { Limits } from "../../../src/http/index.ts";
import { authority, filesIn, issued } from "../../protocols/support/certificates.ts";
import { builtProgram } from "../../support/built-program.ts";
import { startTestGateway } from "../../support/gateway.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import type { Sandbox } from "./attack.ts";
import { Child } from "./child.ts";

export interface ToServe {
  /** A SQLite file. */
  readonly database: string;
  /** In PEM. */
  readonly signingKey: string;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly limits: Partial<Limits>;
}

/** What a gateway holds, after a collection of garbage. */
export interface Figures {
  /** On V8's heap and beside it. */
  readonly heldBytes: number;
  /** Sockets that are open, listeners not among them. */
  readonly connections: number;
}

export interface AbusedGateway extends AsyncDisposable {
  readonly pid: number;
  readonly directory: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly sandboxes: readonly Sandbox[];
  figures(): Promise<Figures>;
  /** How long its log is, in bytes. */
  logged(): number;
  /** Drains it; resolves when the process has ended, which takes a minute where anything is left in flight. */
  drain(): Promise<void>;
}

/** Two of the attacker, one of a newcomer, the others of callers who stay. */
const sandboxCount = 7;

/** A gateway with sandboxes, on a port for cleartext and one for TLS. */
export async function startAbusedGateway(limits: Partial<Limits>): Promise<AbusedGateway> {
  await using life = new AsyncDisposableStack();
  const directory = life.use(temporaryDirectory()).path;
  const { sandboxes, signingKey } = await createSandboxes(directory);
  const files = filesIn(directory);
  await files.write(await issued(await authority("abuse"), "gateway"));
  const { certFile, keyFile } = files;

  const logFile = join(directory, "gateway.log");
  const child = life.use(new Child(builtProgram("abused-gateway"), logFile));
  const toServe: ToServe = {
    database: join(directory, "openshell.db"),
    signingKey,
    tls: { certFile, keyFile },
    limits,
  };
  const [port = 0, tlsPort = 0] = (await child.ask(toServe)) as number[];
  const owned = life.move();
  return {
    ...{ pid: child.pid, directory, port, tlsPort, sandboxes },
    figures: () => child.ask("figures") as Promise<Figures>,
    logged: () => statSync(logFile).size,
    drain: () => child.end("drain"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Sandboxes with their configuration, in a database in this directory, made by a gateway that believes its users. */
async function createSandboxes(directory: string) {
  await using gateway = await startTestGateway({ directory });
  const sandboxes = Array.from({ length: sandboxCount }, async (_, at): Promise<Sandbox> => {
    const created = await gateway.createSandbox(`abused-${at}`);
    return { id: created.id, token: await created.token() };
  });
  return { sandboxes: await Promise.all(sandboxes), signingKey: gateway.signingKey.signing.reveal() };
}
