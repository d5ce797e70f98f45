import { execFile } from "node:child_process";

interface GrpcurlCall {
  /** Goes by the environment, where no list of processes shows it. */
  readonly token?: string;
  /** The request as JSON. */
  readonly request?: unknown;
}

interface GrpcurlAnswer {
  /** 0, or the gRPC status code and 64. */
  readonly exit: number;
  readonly output: string;
  readonly complaint: string;
}

export type Grpcurl = (words: readonly string[], call?: GrpcurlCall) => Promise<GrpcurlAnswer>;

/** Makes what asks one address in cleartext with this program; it learns all it knows by reflection. */
export function createGrpcurl(program: string, url: string): Grpcurl {
  const address = new URL(url).host;
  return (words, { token, request } = {}) => {
    const bearer = token === undefined ? [] : ["-expand-headers", "-H", "authorization: Bearer $" + "{TOKEN}"];
    const data = request === undefined ? [] : ["-d", JSON.stringify(request)];
    const args = ["-plaintext", "-max-time", "10", ...bearer, ...data, address, ...words];
    return new Promise((resolve) => {
      const child = execFile(program, args, { env: { TOKEN: token ?? "" } }, (_error, output, complaint) =>
        resolve({ exit: child.exitCode ?? -1, output, complaint }),
      );
    });
  };
}
