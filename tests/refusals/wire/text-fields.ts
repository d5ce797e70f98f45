import type { DescField, DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";

/** One place of a request that can hold a text, and the request that holds one there and nothing else. */
export interface TextField {
  /** As the proto spells it, with `[]` for an element of a list and `{}` for a value of a map. */
  readonly spelled: string;
  holding(text: string): JsonObject;
}

/** Every place in a message that can hold a text: nested, repeated, in a oneof, as a map's key or value, or as bytes. */
export function textFields(message: DescMessage, within: readonly DescMessage[] = []): TextField[] {
  if (within.includes(message)) return [];
  return message.fields.flatMap((field) =>
    placesOf(field, [...within, message]).map(({ spelled, holding }) => ({
      spelled: `${field.name}${spelled}`,
      holding: (text: string): JsonObject => ({ [field.jsonName]: holding(text) }),
    })),
  );
}

interface Place {
  readonly spelled: string;
  holding(text: string): JsonValue;
}

function placesOf(field: DescField, within: readonly DescMessage[]): Place[] {
  switch (field.fieldKind) {
    case "scalar":
      return scalarPlaces(field.scalar);
    case "message":
      return messagePlaces(field.message, within);
    case "list": {
      const inner = field.listKind === "message" ? messagePlaces(field.message, within) : scalarPlaces(field.scalar);
      return inner.map(({ spelled, holding }) => ({ spelled: `[]${spelled}`, holding: (text) => [holding(text)] }));
    }
    case "map": {
      const inner = field.mapKind === "message" ? messagePlaces(field.message, within) : scalarPlaces(field.scalar);
      const values = inner.map(
        ({ spelled, holding }): Place => ({
          spelled: `{}${spelled}`,
          holding: (text) => ({ key: holding(text) }),
        }),
      );
      const empty: JsonValue = field.mapKind === "message" ? {} : field.scalar === ScalarType.STRING ? "" : 0;
      if (field.mapKey !== ScalarType.STRING) return values;
      return [...values, { spelled: " (a key)", holding: (text) => ({ [text]: empty }) }];
    }
    case "enum":
      return [];
  }
}

const messagePlaces = (message: DescMessage, within: readonly DescMessage[]): Place[] =>
  // Well-known types have spellings of their own in JSON; none of them names a sandbox.
  message.typeName.startsWith("google.protobuf.")
    ? []
    : textFields(message, within).map((place) => ({ ...place, spelled: `.${place.spelled}` }));

function scalarPlaces(scalar: ScalarType | undefined): Place[] {
  if (scalar === ScalarType.STRING) return [{ spelled: "", holding: (text) => text }];
  if (scalar === ScalarType.BYTES) return [{ spelled: "", holding: (text) => Buffer.from(text).toString("base64") }];
  return [];
}
