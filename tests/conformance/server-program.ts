/**
 * The server that the suite tests: the front door that users run, with the suite's service behind it. Reads what the
 * suite wants from its input, says on its output where it listens, and serves until it is told to end.
 * Arguments: the suite's descriptors, and `lean` or `connect` for the way that unary gRPC calls take.
 */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { addConformanceService } from "./conformance-service.ts";
import type { ServerWanted } from "./messages.ts";
import { readSuiteDescriptors } from "./suite-descriptors.ts";

/** The suite puts each message's length before it, in four bytes. */
const prefixBytes = 4;

const [descriptors = "", way = "lean"] = process.argv.slice(2);
const ending = once(process, "SIGTERM");
const suite = await readSuiteDescriptors(descriptors);
const input = await buffer(process.stdin);
const wanted = fromBinary(suite.message("ServerCompatRequest"), input.subarray(prefixBytes)) as ServerWanted;

using directory = temporaryDirectory();
const pem = async (name: string, bytes: Uint8Array) => {
  const path = join(directory.path, name);
  await writeFile(path, bytes, { mode: 0o600 });
  return path;
};
const tls = wanted.useTls &&
  wanted.serverCreds && {
    certFile: await pem("cert.pem", wanted.serverCreds.cert),
    keyFile: await pem("key.pem", wanted.serverCreds.key),
    ...(wanted.clientTlsCert.length > 0 && {
      clientCaFile: await pem("client-ca.pem", wanted.clientTlsCert),
      clientCertificates: "required" as const,
    }),
  };
await using fixture = await startFrontDoor({
  listeners: [tls ? { tls } : {}],
  openServices: addConformanceService(suite),
  leanUnary: way === "lean",
  limits: wanted.messageReceiveLimit > 0 ? { messageBytes: wanted.messageReceiveLimit } : {},
});
const answer = toBinary(
  suite.message("ServerCompatResponse"),
  create(suite.message("ServerCompatResponse"), {
    host: fixture.address.host,
    port: fixture.address.port,
    pemCert: tls ? wanted.serverCreds?.cert : new Uint8Array(),
  } as never),
);
const prefix = Buffer.alloc(prefixBytes);
prefix.writeUInt32BE(answer.length);
process.stdout.write(Buffer.concat([prefix, answer]));
await ending;
