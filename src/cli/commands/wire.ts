import type { DescEnum, JsonWriteOptions } from "@bufbuild/protobuf";

/** Messages as protobuf JSON with every field, so that a script finds `[]`, `""` or `false` and not a missing key. */
export const wire: Partial<JsonWriteOptions> = { alwaysEmitImplicit: true };

/** An enum value's name in the proto without the enum's prefix, such as `READY`; a number that newer gateways send stays one. */
export const enumName = (schema: DescEnum, value: number): string => schema.value[value]?.localName ?? String(value);
