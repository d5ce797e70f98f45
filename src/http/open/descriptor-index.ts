import { type DescExtension, type DescFile, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** Finds the file that declares something, as reflection asks for it. Built once. */
export interface DescriptorIndex {
  fileByName(path: string): DescFile | undefined;
  fileBySymbol(name: string): DescFile | undefined;
  fileByExtension(extended: string, number: number): DescFile | undefined;
  /** Undefined where the message is not known. */
  extensionNumbers(extended: string): readonly number[] | undefined;
  /** The serialized descriptors of a file and of all that it imports, the file first. */
  withImports(file: DescFile): readonly Uint8Array[];
}

/** Indexes files and all that they import. */
export function indexDescriptors(roots: readonly DescFile[]): DescriptorIndex {
  const files = new Map<string, DescFile>();
  const serialized = new Map<DescFile, Uint8Array>();
  const symbols = new Map<string, DescFile>();
  const messages = new Set<string>();
  const extensions = new Map<string, Map<number, DescFile>>();

  function add(file: DescFile): void {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    serialized.set(file, toBinary(FileDescriptorProtoSchema, file.proto));
    for (const type of nestedTypes(file)) {
      symbols.set(type.typeName, file);
      if (type.kind === "message") addMessage(type, file);
      if (type.kind === "extension") addExtension(type, file);
      if (type.kind === "enum") for (const value of type.values) symbols.set(scoped(type.typeName, value.name), file);
      if (type.kind === "service") for (const { name } of type.methods) symbols.set(`${type.typeName}.${name}`, file);
    }
    file.dependencies.forEach(add);
  }
  function addMessage(message: DescMessage, file: DescFile): void {
    messages.add(message.typeName);
    for (const { name } of message.fields) symbols.set(`${message.typeName}.${name}`, file);
    for (const { name } of message.oneofs) symbols.set(`${message.typeName}.${name}`, file);
  }
  function addExtension({ extendee, number }: DescExtension, file: DescFile): void {
    const numbers = extensions.get(extendee.typeName) ?? new Map<number, DescFile>();
    extensions.set(extendee.typeName, numbers.set(number, file));
  }
  roots.forEach(add);

  function imports(file: DescFile, seen = new Set<DescFile>()): Set<DescFile> {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const dependency of file.dependencies) imports(dependency, seen);
    return seen;
  }

  return {
    fileByName: (path) => files.get(path),
    fileBySymbol: (name) => symbols.get(name.replace(/^\./, "")),
    fileByExtension: (extended, number) => extensions.get(extended)?.get(number),
    extensionNumbers: (extended) =>
      messages.has(extended) ? [...(extensions.get(extended)?.keys() ?? [])].sort((a, b) => a - b) : undefined,
    withImports: (file) =>
      [...imports(file)].map((each) => serialized.get(each)).filter((bytes) => bytes !== undefined),
  };
}

/** An enum's values are its siblings (the scoping rule of protocol buffers). */
const scoped = (enumName: string, value: string) => enumName.replace(/[^.]+$/, value);
