import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { ServerReflection, type ServerReflectionRequest } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as Alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { startFrontDoor } from "./support/fixture.ts";

type Question = ServerReflectionRequest["messageRequest"];

async function ask(url: string, version: typeof ServerReflection | typeof Alpha, ...questions: Question[]) {
  const transport = createGrpcTransport({ baseUrl: url });
  const requests = (async function* () {
    for (const messageRequest of questions) yield { host: "h", messageRequest } as never;
  })();
  const client = createClient(version as typeof ServerReflection, transport);
  return Array.fromAsync(client.serverReflectionInfo(requests));
}

/** Each file after those that it imports. */
function inOrder(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const ordered = new Map<string, FileDescriptorProto>();
  for (let size = -1; size < ordered.size; ) {
    size = ordered.size;
    for (const file of files) if (file.dependency.every((name) => ordered.has(name))) ordered.set(file.name, file);
  }
  return [...ordered.values()];
}

describe.each([
  ["v1", ServerReflection],
  ["v1alpha", Alpha],
] as const)("reflection %s", (_name, version) => {
  test("is off unless it is asked for", async () => {
    await using fixture = await startFrontDoor();
    await expect(ask(fixture.url, version, { case: "listServices", value: "" })).rejects.toMatchObject({
      code: Code.Unimplemented,
    });
  });

  test("lists what is served", async () => {
    await using fixture = await startFrontDoor({ reflection: true });
    const [answer] = await ask(fixture.url, version, { case: "listServices", value: "" });
    expect(answer).toMatchObject({ validHost: "h", originalRequest: { messageRequest: { case: "listServices" } } });
    expect(answer?.messageResponse).toMatchObject({
      case: "listServicesResponse",
      value: {
        service: [
          { name: "openshell.v1.OpenShell" },
          { name: "grpc.health.v1.Health" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
        ],
      },
    });
  });

  test.each([
    ["fileContainingSymbol", "openshell.v1.OpenShell"],
    ["fileContainingSymbol", "openshell.v1.OpenShell.Health"],
    ["fileContainingSymbol", "openshell.v1.HealthResponse"],
    ["fileContainingSymbol", "openshell.v1.HealthResponse.version"],
    ["fileContainingSymbol", "openshell.v1.SERVICE_STATUS_HEALTHY"],
    ["fileByFilename", "openshell/v1/openshell.proto"],
  ] as const)("%s %s gives files that a tool can use", async (kind, value) => {
    await using fixture = await startFrontDoor({ reflection: true });
    const [answer] = await ask(fixture.url, version, { case: kind, value });
    if (answer?.messageResponse.case !== "fileDescriptorResponse") throw new Error(answer?.messageResponse.case);
    const sent = answer.messageResponse.value.fileDescriptorProto.map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: inOrder(sent) }));
    expect(registry.getService("openshell.v1.OpenShell")?.methods.length).toBeGreaterThan(60);
  });

  test("what is not there is answered as not found, and the stream goes on", async () => {
    await using fixture = await startFrontDoor({ reflection: true });
    const answers = await ask(
      fixture.url,
      version,
      { case: "fileContainingSymbol", value: "no.Such" },
      { case: "fileByFilename", value: "../../etc/passwd" },
      { case: "allExtensionNumbersOfType", value: "no.Such" },
      { case: "fileContainingExtension", value: { containingType: "no.Such", extensionNumber: 1 } as never },
      { case: undefined },
      { case: "allExtensionNumbersOfType", value: "google.protobuf.MethodOptions" },
    );
    const codes = answers.map(({ messageResponse }) =>
      messageResponse.case === "errorResponse" ? messageResponse.value.errorCode : messageResponse.case,
    );
    expect(codes).toEqual([5, 5, 5, 5, 3, "allExtensionNumbersResponse"]);
  });

  test("finds the file of an extension by its number", async () => {
    await using fixture = await startFrontDoor({ reflection: true });
    const containingType = "google.protobuf.MethodOptions";
    const [numbers] = await ask(fixture.url, version, { case: "allExtensionNumbersOfType", value: containingType });
    if (numbers?.messageResponse.case !== "allExtensionNumbersResponse") throw new Error("no numbers");
    const [extensionNumber] = numbers.messageResponse.value.extensionNumber;
    const [answer] = await ask(fixture.url, version, {
      case: "fileContainingExtension",
      value: { containingType, extensionNumber } as never,
    });
    if (answer?.messageResponse.case !== "fileDescriptorResponse") throw new Error("no file");
    const [first] = answer.messageResponse.value.fileDescriptorProto;
    expect(fromBinary(FileDescriptorProtoSchema, first!).name).toBe("openshell/options/v1/options.proto");
  });
});

test("a silent reflection stream does not hold a drain up", async () => {
  await using fixture = await startFrontDoor({ reflection: true });
  const silence = Promise.withResolvers<void>();
  const client = createClient(ServerReflection, createGrpcTransport({ baseUrl: fixture.url }));
  async function* requests() {
    yield { messageRequest: { case: "listServices" as const, value: "" } };
    await silence.promise;
  }
  const answers = client.serverReflectionInfo(requests())[Symbol.asyncIterator]();
  await answers.next();
  const drained = fixture.door.drain("test", 60_000);
  await expect(answers.next()).rejects.toMatchObject({ code: Code.Unavailable });
  silence.resolve();
  await drained;
});
