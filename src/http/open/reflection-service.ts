import type { DescFile, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import type {
  ServerReflection,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../../gen/grpc/reflection/v1/reflection_pb.ts";
import { toConnectError } from "../call/index.ts";
import type { OpenStreams } from "../rpc/index.ts";
import { indexDescriptors } from "./descriptor-index.ts";

type Question = MessageShape<typeof ServerReflectionRequestSchema>["messageRequest"];
type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** Answers reflection's questions about these services and all that they import (requirement G3). */
export function reflectionService(
  services: readonly DescService[],
  streams: OpenStreams,
): ServiceImpl<typeof ServerReflection> {
  const index = indexDescriptors(services.map(({ file }) => file));
  const files = (file: DescFile | undefined): Answer =>
    file
      ? { case: "fileDescriptorResponse", value: { fileDescriptorProto: [...index.withImports(file)] } }
      : notFound("no such file or symbol");

  function answer(question: Question): Answer {
    switch (question.case) {
      case "fileByFilename":
        return files(index.fileByName(question.value));
      case "fileContainingSymbol":
        return files(index.fileBySymbol(question.value));
      case "fileContainingExtension":
        return files(index.fileByExtension(question.value.containingType, question.value.extensionNumber));
      case "allExtensionNumbersOfType": {
        const numbers = index.extensionNumbers(question.value);
        if (!numbers) return notFound("no such message");
        const value = { baseTypeName: question.value, extensionNumber: [...numbers] };
        return { case: "allExtensionNumbersResponse", value };
      }
      case "listServices":
        return {
          case: "listServicesResponse",
          value: { service: services.map(({ typeName }) => ({ name: typeName })) },
        };
      default:
        return error(Code.InvalidArgument, "the request asks nothing");
    }
  }

  return {
    async *serverReflectionInfo(requests, context) {
      using stream = streams.open(context.signal);
      const frames = requests[Symbol.asyncIterator]();
      for (;;) {
        const { done, value: request } = await nextUntil(stream.signal, frames);
        if (done) return;
        const messageResponse = answer(request.messageRequest);
        yield { validHost: request.host, originalRequest: request, messageResponse };
      }
    },
  };
}

/** The next frame; fails as soon as the signal aborts, though none comes. */
function nextUntil<T>(signal: AbortSignal, frames: AsyncIterator<T>): Promise<IteratorResult<T>> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(toConnectError(signal.reason));
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    frames
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

const notFound = (message: string) => error(Code.NotFound, message);
const error = (errorCode: Code, errorMessage: string): Answer => ({
  case: "errorResponse",
  value: { errorCode, errorMessage },
});
