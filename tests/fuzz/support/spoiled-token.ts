import type { KeyObject } from "node:crypto";
import { spell } from "../../support/tokens.ts";

/** A way to make another text of a token: of its characters, of its segments, or of its JSON, signed again. */
export type Spoiling =
  | { readonly how: "replaced"; readonly at: number; readonly to: string }
  | { readonly how: "cut out"; readonly at: number; readonly length: number }
  | { readonly how: "said twice"; readonly at: number; readonly length: number }
  | { readonly how: "joined"; readonly at: number; readonly to: number }
  | { readonly how: "segments"; readonly of: readonly number[] }
  | { readonly how: "respelled"; readonly segment: number; readonly as: Respelling }
  | { readonly how: "surrounded"; readonly before: string; readonly after: string }
  | { readonly how: "signed again"; readonly part: "header" | "payload"; readonly edit: JsonEdit };

export const respellings = ["padded", "standard alphabet", "spare bits", "spaced", "hex", "wrapped"] as const;
type Respelling = (typeof respellings)[number];

/** A change to the text of a JSON object. `member` counts around. */
export type JsonEdit =
  | { readonly edit: "nothing" }
  | { readonly edit: "replaced"; readonly member: number; readonly value: string }
  | { readonly edit: "left out"; readonly member: number }
  | { readonly edit: "added"; readonly name: string; readonly value: string; readonly first: boolean }
  | { readonly edit: "twice"; readonly member: number; readonly value: string; readonly first: boolean }
  | { readonly edit: "number respelled"; readonly as: (typeof numberSpellings)[number] }
  | { readonly edit: "escaped"; readonly at: number }
  | { readonly edit: "spaced"; readonly at: number; readonly with: string }
  | { readonly edit: "turned"; readonly by: number }
  | { readonly edit: "nested"; readonly depth: number }
  | { readonly edit: "byte"; readonly at: number; readonly to: number }
  | { readonly edit: "in front"; readonly bytes: readonly number[] };

export const numberSpellings = [".0", "e0", "E+0", "0e-1", "/1e9", "-", "+", "0x", "00", '"', ".", "1e400"] as const;

const segmentsOf = (token: string) => token.split(".");
const wrap = (at: number, length: number) => ((at % length) + length) % length;

/** Another text of `token`; `other` lends what is joined to it, and `key` signs what is signed again. */
export function spoil(token: string, other: string, key: KeyObject, spoiling: Spoiling): string {
  const at = "at" in spoiling ? wrap(spoiling.at, token.length) : 0;
  switch (spoiling.how) {
    case "replaced":
      return token.slice(0, at) + spoiling.to + token.slice(at + 1);
    case "cut out":
      return token.slice(0, at) + token.slice(at + spoiling.length);
    case "said twice":
      return token.slice(0, at + spoiling.length) + token.slice(at);
    case "joined":
      return token.slice(0, at) + other.slice(wrap(spoiling.to, other.length));
    case "segments": {
      const all = [...segmentsOf(token), ...segmentsOf(other)];
      return spoiling.of.map((one) => all[wrap(one, all.length)]).join(".");
    }
    case "respelled":
      return segmentsOf(token)
        .map((text, one) => (one === spoiling.segment ? respell(text, spoiling.as) : text))
        .join(".");
    case "surrounded":
      return spoiling.before + token + spoiling.after;
    case "signed again": {
      const [header = "", payload = ""] = segmentsOf(token).map((text) => Buffer.from(text, "base64url").toString());
      return spoiling.part === "header"
        ? spell(edited(header, spoiling.edit), payload, key)
        : spell(header, edited(payload, spoiling.edit), key);
    }
  }
}

function respell(text: string, as: Respelling): string {
  switch (as) {
    case "padded":
      return text + "=".repeat((4 - (text.length % 4)) % 4 || 1);
    case "standard alphabet":
      return text.replaceAll("-", "+").replaceAll("_", "/");
    case "spare bits": {
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      return text.slice(0, -1) + alphabet[(alphabet.indexOf(text.at(-1) ?? "A") + 1) % 64];
    }
    case "spaced":
      return `${text.slice(0, 3)}\n${text.slice(3)}`;
    case "hex":
      return Buffer.from(text, "base64url").toString("hex");
    case "wrapped":
      return Buffer.from(text).toString("base64url");
  }
}

type Member = readonly [name: string, value: string];

const write = (members: readonly Member[]) =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;

function edited(json: string, edit: JsonEdit): string | Buffer {
  const members = Object.entries(JSON.parse(json) as object).map(
    ([name, value]): Member => [name, JSON.stringify(value)],
  );
  const member = "member" in edit ? wrap(edit.member, members.length) : 0;
  const at = "at" in edit ? wrap(edit.at, json.length) : 0;
  switch (edit.edit) {
    case "nothing":
      return json;
    case "replaced":
      return write(members.map(([name, value], one) => [name, one === member ? edit.value : value]));
    case "left out":
      return write(members.filter((_, one) => one !== member));
    case "added": {
      const added: Member = [edit.name, edit.value];
      return write(edit.first ? [added, ...members] : [...members, added]);
    }
    case "twice": {
      const [name = "", value = ""] = members[member] ?? [];
      const again: Member = [name, edit.value || value];
      return write(edit.first ? [again, ...members] : [...members, again]);
    }
    case "number respelled":
      return json.replace(/("exp":)(\d+)/, (_, name: string, digits: string) => name + respellNumber(digits, edit.as));
    case "escaped": {
      const code = json.charCodeAt(at).toString(16).padStart(4, "0");
      return /["{},:\d]/.test(json.charAt(at)) ? json : `${json.slice(0, at)}\\u${code}${json.slice(at + 1)}`;
    }
    case "spaced":
      return json.slice(0, at) + edit.with + json.slice(at);
    case "turned":
      return write(members.map((_, one) => members[(one + edit.by) % members.length] ?? ["", ""]));
    case "nested":
      return `${"[".repeat(edit.depth)}${json}${"]".repeat(edit.depth)}`;
    case "byte": {
      const bytes = Buffer.from(json);
      bytes[wrap(edit.at, bytes.length)] = edit.to;
      return bytes;
    }
    case "in front":
      return Buffer.concat([Buffer.from(edit.bytes), Buffer.from(json)]);
  }
}

function respellNumber(digits: string, as: (typeof numberSpellings)[number]): string {
  switch (as) {
    case "/1e9":
      return `${Number(digits) / 1e9}e9`;
    case "0e-1":
    case ".0":
    case "e0":
    case "E+0":
    case ".":
      return digits + as;
    case '"':
      return `"${digits}"`;
    case "1e400":
      return as;
    default:
      return as + digits;
  }
}
