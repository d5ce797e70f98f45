import { createRegistry, type DescFile, type DescService, type Registry } from "@bufbuild/protobuf";

/** All types that the files of these services declare, or import: what a `google.protobuf.Any` in JSON may hold. */
export function typesOf(services: readonly DescService[]): Registry {
  const files = new Set<DescFile>();
  const add = (file: DescFile) => {
    if (files.has(file)) return;
    files.add(file);
    file.dependencies.forEach(add);
  };
  for (const { file } of services) add(file);
  return createRegistry(...files);
}
