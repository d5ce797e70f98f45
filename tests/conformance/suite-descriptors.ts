import { readFile } from "node:fs/promises";
import { createFileRegistry, type DescMessage, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** The suite's contract, as its own files have it. */
export interface SuiteDescriptors {
  readonly service: DescService;
  /** By its name within the suite's package. */
  message(name: string): DescMessage;
}

const suitePackage = "connectrpc.conformance.v1";

/** Reads the serialized descriptors that `buf build` made of the suite's files. */
export async function readSuiteDescriptors(path: string): Promise<SuiteDescriptors> {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(path)));
  const found = <T>(type: T | undefined, name: string): T => {
    if (!type) throw new Error(`${path} does not declare ${suitePackage}.${name}`);
    return type;
  };
  return {
    service: found(registry.getService(`${suitePackage}.ConformanceService`), "ConformanceService"),
    message: (name) => found(registry.getMessage(`${suitePackage}.${name}`), name),
  };
}
