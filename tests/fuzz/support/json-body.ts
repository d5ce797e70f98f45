import type { DescField, DescMessage } from "@bufbuild/protobuf";
import fc from "fast-check";
import { oddJson, oddNames } from "../corpus/json.ts";

/** A member of a message's JSON, by numbers that are taken for whatever the message has to choose from. */
export interface Member {
  readonly field: number;
  /** 0 is an odd value, 1 an odd name too; all others choose among good ones. */
  readonly choice: number;
  readonly odd: string;
  readonly inner: readonly Member[];
}

/** What is done to the text afterwards. */
export interface Damage {
  readonly before: string;
  readonly after: string;
  /** How many characters are left of it; all where it has fewer. */
  readonly length: number;
}

const membersAt = (depth: number): fc.Arbitrary<Member[]> =>
  fc.array(
    fc.record({
      field: fc.nat(30),
      choice: fc.nat(12),
      odd: fc.constantFrom(...oddJson),
      inner: depth > 0 ? membersAt(depth - 1) : fc.constant([]),
    }),
    { maxLength: 4 },
  );

export const bodies = fc.record({
  members: membersAt(3),
  damage: fc.option(
    fc.record({
      before: fc.constantFrom("", "\ufeff", " ", "\n", "[", "{}", "\0", "//x\n", ")]}'"),
      after: fc.constantFrom("", "}", "{}", "\0", ",", " x", "\n\n", "/*", "]"),
      length: fc.oneof(fc.constant(100_000), fc.nat(80)),
    }),
    { freq: 5 },
  ),
});

/** The text of a request of this type. `strings` are the good values of fields that hold text. */
export function textOf(
  type: DescMessage,
  { members: chosen, damage }: { readonly members: readonly Member[]; readonly damage: Damage | null },
  strings: readonly string[],
): string {
  const text = objectOf(type, chosen, strings);
  return damage ? damage.before + text.slice(0, damage.length) + damage.after : text;
}

function objectOf(type: DescMessage, chosen: readonly Member[], strings: readonly string[]): string {
  return `{${chosen.map((member) => memberOf(type, member, strings)).join(",")}}`;
}

function memberOf({ fields }: DescMessage, member: Member, strings: readonly string[]): string {
  const field = fields[member.field % Math.max(fields.length, 1)];
  if (!field || member.choice === 1) return `${oddNames[member.field % oddNames.length]}:${member.odd}`;
  const name = JSON.stringify(member.choice % 2 === 0 ? field.jsonName : field.name);
  return `${name}:${member.choice === 0 ? member.odd : valueFor(field, member, strings)}`;
}

function valueFor(field: DescField, member: Member, strings: readonly string[]): string {
  switch (field.fieldKind) {
    case "scalar":
      return scalar(member, strings);
    case "enum":
      return enumValue(field.enum.values, member);
    case "message":
      return messageValue(field.message, member, strings);
    case "list": {
      const item =
        field.listKind === "message" ? messageValue(field.message, member, strings) : scalar(member, strings);
      return `[${Array(member.choice % 4)
        .fill(item)
        .join(",")}]`;
    }
    case "map": {
      const item = field.mapKind === "message" ? messageValue(field.message, member, strings) : scalar(member, strings);
      return `{${oddNames[member.field % oddNames.length]}:${item},"a":${item}}`;
    }
  }
}

const messageValue = (type: DescMessage, { inner }: Member, strings: readonly string[]) =>
  objectOf(type, inner, strings);

function enumValue(values: readonly { readonly name: string; readonly number: number }[], { choice, field }: Member) {
  const value = values[field % values.length];
  const texts = [JSON.stringify(value?.name), String(value?.number), '"NO_SUCH_NAME"', "99", "-1", "2147483648", "1.5"];
  return texts[choice % texts.length] ?? "0";
}

function scalar({ choice, field }: Member, strings: readonly string[]): string {
  const text = JSON.stringify(strings[field % strings.length]);
  return [text, text, text, "1", "true", '"1"', "0", '"AAAA"', '""'][choice % 9] ?? text;
}
