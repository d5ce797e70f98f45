import { create, createFileRegistry, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import {
  type Any,
  type FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  FieldDescriptorProto_Label as Label,
  MethodOptions_IdempotencyLevel,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";

/** The one message of all calls, in both directions. */
export type Exchange = Message<"openshell.interop.v1.Exchange"> & {
  /** One answer is wanted for each, with a body of so many bytes. */
  answerBytes: number[];
  body: Uint8Array;
  /** Not empty: the call is to fail with `unknown`, and say this. */
  failure: string;
  packed?: Any;
};

type ExchangeSchema = GenMessage<Exchange>;
interface Method<K extends "unary" | "server_streaming" | "client_streaming" | "bidi_streaming"> {
  methodKind: K;
  input: ExchangeSchema;
  output: ExchangeSchema;
}

const packageName = "openshell.interop.v1";
const exchangeName = `.${packageName}.Exchange`;
const method = (name: string, clientStreaming: boolean, serverStreaming: boolean) => ({
  ...{ name, clientStreaming, serverStreaming },
  ...{ inputType: exchangeName, outputType: exchangeName },
});

const field = (
  name: string,
  jsonName: string,
  number: number,
  rest: MessageInitShape<typeof FieldDescriptorProtoSchema>,
) => ({ name, jsonName, number, label: Label.OPTIONAL, ...rest });

const file = create(FileDescriptorProtoSchema, {
  name: "interop.proto",
  package: packageName,
  syntax: "proto3",
  dependency: [file_google_protobuf_any.proto.name],
  messageType: [
    {
      name: "Exchange",
      field: [
        field("answer_bytes", "answerBytes", 1, { label: Label.REPEATED, type: Type.UINT32 }),
        field("body", "body", 2, { type: Type.BYTES }),
        field("failure", "failure", 3, { type: Type.STRING }),
        field("packed", "packed", 4, { type: Type.MESSAGE, typeName: ".google.protobuf.Any" }),
      ],
    },
  ],
  service: [
    {
      name: "Interop",
      method: [
        method("Unary", false, false),
        method("Upload", true, false),
        method("Download", false, true),
        method("PingPong", true, true),
        method("Unimplemented", false, false),
        {
          ...method("Lookup", false, false),
          options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS },
        },
      ],
    },
  ],
});

const registry = createFileRegistry(file, () => file_google_protobuf_any);

export const exchangeSchema = registry.getMessage(`${packageName}.Exchange`) as ExchangeSchema;

/** The calls that gRPC's interoperability cases are made of. */
export const interop = registry.getService(`${packageName}.Interop`) as GenService<{
  unary: Method<"unary">;
  /** Answers with a body as long as all that came together. */
  upload: Method<"client_streaming">;
  download: Method<"server_streaming">;
  pingPong: Method<"bidi_streaming">;
  unimplemented: Method<"unary">;
  /** Declares that it has no side effects. */
  lookup: Method<"unary">;
}>;
