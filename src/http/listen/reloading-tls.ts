import { createServer, type Server } from "node:tls";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { describeFailure } from "../describe-failure.ts";
import { readTlsFiles, sameFiles, secureContext, type TlsFiles, type TlsSource } from "./tls-files.ts";

/** How often the files are compared with what is served, in milliseconds; by content, since mounted secrets swap links. */
const pollMs = 5_000;

export interface ReloadingTls extends AsyncDisposable {
  readonly server: Server;
  /** Serves new connections with what the files hold now; keeps what it has where they are no good. */
  reload(): Promise<void>;
}

export interface ReloadingTlsOptions {
  readonly source: TlsSource;
  readonly handshakeMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Makes a TLS server that follows its certificate files (requirement G2). Connections that stand keep what they have.
 * @throws Error at the start, where the files cannot be read or used.
 */
export async function createReloadingTls(options: ReloadingTlsOptions): Promise<ReloadingTls> {
  const { source, handshakeMs, clock, log } = options;
  let seen: TlsFiles = await readTlsFiles(source);
  let failing = false;
  const server = createServer({
    ...secureContext(seen, source),
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: handshakeMs,
    requestCert: source.clientCaFile !== undefined,
    rejectUnauthorized: source.clientCaFile !== undefined && source.clientCertificates === "required",
    allowHalfOpen: true,
    noDelay: true,
  });

  async function load(): Promise<void> {
    try {
      const files = await readTlsFiles(source);
      if (sameFiles(files, seen)) return;
      seen = files;
      server.setSecureContext(secureContext(files, source));
      failing = false;
      log.info({ certFile: source.certFile }, "TLS certificate reloaded");
    } catch (error) {
      if (!failing)
        log.error(
          { certFile: source.certFile, error: describeFailure(error) },
          "new TLS files are not usable, the old ones stay",
        );
      failing = true;
    }
  }
  // One after the other, so that an older reading never replaces a newer one.
  let loading: Promise<void> = Promise.resolve();
  const reload = () => {
    loading = loading.then(load);
    return loading;
  };

  let ended = false;
  let timer: Disposable | undefined;
  function watch(): void {
    timer = clock.after(pollMs, () => {
      void reload().then(() => {
        if (!ended) watch();
      });
    });
  }
  watch();

  return {
    server,
    reload,
    async [Symbol.asyncDispose]() {
      ended = true;
      timer?.[Symbol.dispose]();
      await loading;
    },
  };
}
