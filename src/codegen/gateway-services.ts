import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { OptionReader } from "./options.ts";

/** Packages whose services other programs serve and the gateway calls; nobody calls them with our principals. */
const servedByOthers: ReadonlySet<string> = new Set([
  "openshell.compute.v1",
  "openshell.credentials.v1",
  "openshell.gateway_interceptor.v1",
  "openshell.middleware.v1",
]);

/**
 * The services of a file whose every method needs an authorization option: all in an `openshell.*` package, whether
 * they carry an option yet or not, but for the packages of other programs. A new package is therefore guarded until
 * it is named above. Elsewhere, one option on one method makes all of that service's methods need one.
 */
export function guardedServices(file: DescFile, options: OptionReader): readonly DescService[] {
  const name = file.proto.package;
  if (name.startsWith("openshell.") && !servedByOthers.has(name)) return file.services;
  return file.services.filter((service) => service.methods.some((method) => options.authorization(method)));
}
