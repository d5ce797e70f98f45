import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { type ConnectOptions, tlsOptions } from "./connect.ts";

const timeoutMs = 5_000;

/** Whether the gateway answers `GET /healthz` over HTTP/1.1: a proxy may pass that and not gRPC. Never rejects. */
export function answersHealthz(options: Omit<ConnectOptions, "clock">): Promise<boolean> {
  const { endpoint } = options.target;
  return new Promise((resolve) => {
    const limits = { signal: options.signal, timeout: timeoutMs, agent: false };
    const request = endpoint.secure
      ? getHttps(`${endpoint.url}/healthz`, { ...limits, ...tlsOptions(options) })
      : getHttp(`${endpoint.url}/healthz`, limits);
    request.on("response", (response) => {
      resolve(response.statusCode === 200);
      response.destroy();
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    request.on("close", () => resolve(false));
  });
}
