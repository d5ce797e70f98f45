import { create, type DescMessage, isMessage, type Message, type MessageInitShape, toBinary } from "@bufbuild/protobuf";

/** The bytes of messages that never change; undefined where nobody has asked for them yet. They go when the message goes. */
const kept = new WeakMap<object, Uint8Array<ArrayBuffer> | undefined>();

/** Says of a message that nobody will change it, so that its bytes are made once; returns it. */
export function encodedOnce<T extends Message>(message: T): T {
  if (!kept.has(message)) kept.set(message, undefined);
  return message;
}

/**
 * The binary form of an answer. What {@link encodedOnce} was told of is encoded the first time only, and everybody gets the
 * same bytes, which nobody may write to. It must not be asked for under two schemas.
 * @throws Error where a field holds what its type cannot.
 */
export function encodedBytes<D extends DescMessage>(schema: D, answer: MessageInitShape<D>): Uint8Array<ArrayBuffer> {
  const known = kept.get(answer);
  if (known) return known;
  const bytes = toBinary(schema, isMessage(answer, schema) ? answer : create(schema, answer));
  if (kept.has(answer)) kept.set(answer, bytes);
  return bytes;
}
