import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { type DescMethod, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { openShellAuthorization } from "../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { AuthorizationRow } from "../../src/access/index.ts";
import { sandboxId, sandboxName } from "../protocols/support/fixture.ts";
import { frame } from "../protocols/support/http2-client.ts";
import { namedRequest } from "../support/named-request.ts";
import type { GeneratedCall, GeneratedMessage, Payload } from "./generated-call.ts";

/** Small, so that what is too much costs little. */
export const messageBytes = 2_048;

const own = { id: sandboxId, name: sandboxName };
const other = { id: "00000000-0000-4000-8000-000000000000", name: "other" };
const badlyNamed = { id: "../etc", name: "../etc" };
const unknownField = (size: number) =>
  new BinaryWriter().tag(1_000, WireType.LengthDelimited).bytes(Buffer.alloc(size, 0x61)).finish();

/** The body of a call, before it is cut into DATA frames. `method` is undefined where nobody serves it. */
export function bodyOf({ messages, cut, tail }: GeneratedCall, method: DescMethod | undefined): Buffer {
  const whole = Buffer.concat([...messages.map((message) => envelope(message, method)), Buffer.from(tail, "hex")]);
  return whole.subarray(0, Math.max(whole.length - cut, 0));
}

function envelope({ payload, squeezed, flags, lie }: GeneratedMessage, method: DescMethod | undefined): Buffer {
  const message = squeeze(payloadOf(payload, method), squeezed);
  const bytes = frame(message, flags ?? (squeezed === "" ? 0 : 1));
  if (lie === undefined) bytes.writeUInt32BE(0xffff_ffff, 1);
  else if (lie !== 0) bytes.writeUInt32BE(Math.max(message.length + lie, 0), 1);
  return bytes;
}

function squeeze(message: Uint8Array, how: GeneratedMessage["squeezed"]): Uint8Array {
  if (how === "gzip") return gzipSync(message);
  if (how === "br") return brotliCompressSync(message);
  if (how === "deflate") return deflateSync(message);
  return how === "twice" ? gzipSync(gzipSync(message)) : message;
}

function payloadOf(payload: Payload, method: DescMethod | undefined): Uint8Array {
  const good = requestFor(method, own);
  switch (payload) {
    case "good":
      return good;
    case "empty":
      return Buffer.alloc(0);
    case "other-sandbox":
      return requestFor(method, other);
    case "bad-name":
      return requestFor(method, badlyNamed);
    case "unknown-fields":
      return Buffer.concat([good, unknownField(20)]);
    case "at-limit":
      return filled(good, messageBytes);
    case "over-limit":
      return filled(good, messageBytes + 1);
    case "cut-off":
      return Buffer.from([0x0a, 0x24, 0x37]);
    case "no-field":
      return Buffer.from([0x02, 0x00]);
    case "bad-text":
      return Buffer.from([0x0a, 0x02, 0xc3, 0x28]);
    case "groups":
      return Buffer.alloc(1_000, 0x0b);
    case "bomb":
      return Buffer.alloc(200_000);
  }
}

function requestFor(method: DescMethod | undefined, names: typeof own): Uint8Array {
  if (method?.parent !== OpenShell) return Buffer.alloc(0);
  const row: AuthorizationRow = openShellAuthorization[method.localName as keyof typeof openShellAuthorization];
  return toBinary(method.input, namedRequest(method.input, row, {}, names));
}

/** The message with an unknown field of such a length that the whole is this long. */
function filled(message: Uint8Array, length: number): Uint8Array {
  const spare = length - message.length;
  const field = [4, 3].map((head) => unknownField(spare - head)).find((bytes) => bytes.length === spare);
  return Buffer.concat([message, field ?? unknownField(spare - 5)]);
}
