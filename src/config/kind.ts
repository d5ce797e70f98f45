import { isIP } from "node:net";
import { z } from "zod";
import { Secret } from "../core/secret.ts";
import { isHttpUrl, isPath } from "./shape.ts";
import { isNetwork, parseSocketAddress, type SocketAddress } from "./socket-address.ts";

/** What an option takes, as a file types it and as a text that stands for it. */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** What flags and variables hold, as the schema takes it; a text that is nothing of the kind comes back as it is. */
  readonly fromText: (text: string) => unknown;
  /** Completes "expected …". */
  readonly expected: string;
  /** Stands for the value in the help; undefined for a flag without one. */
  readonly placeholder: string | undefined;
}

const asItIs = (text: string): string => text;

/** Of a text, `schema` being told what to make of it. */
const text = <T>(placeholder: string, expected: string, schema: z.ZodType<T>): Kind<T> => ({
  schema,
  fromText: asItIs,
  expected,
  placeholder,
});

const truths = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

export const yesOrNo: Kind<boolean> = {
  schema: z.boolean(),
  fromText: (given) => truths.get(given.toLowerCase()) ?? given,
  expected: "true or false",
  placeholder: undefined,
};

export function wholeNumber(least: number, most: number, unit?: string): Kind<number> {
  return {
    schema: z.int().min(least).max(most),
    fromText: (given) => (/^-?\d{1,15}$/.test(given) ? Number(given) : given),
    expected: `a whole number from ${least} to ${most}${unit === undefined ? "" : ` (${unit})`}`,
    placeholder: unit === undefined ? "number" : unit,
  };
}

export const share: Kind<number> = {
  schema: z.number().min(0).max(1),
  fromText: (given) => (/^\d{1,3}(\.\d{1,15})?$/.test(given) ? Number(given) : given),
  expected: "a number from 0 to 1",
  placeholder: "number",
};

export const port = (expected = "a port from 0 to 65535"): Kind<number> => ({
  ...wholeNumber(0, 65_535),
  expected,
  placeholder: "port",
});

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  return text("word", `one of ${values.join(", ")}`, z.enum(values));
}

export const ipAddress: Kind<string> = text(
  "address",
  "an IP address",
  z.string().refine((given) => isIP(given) !== 0),
);

/** An address alone leaves the port to another option, or to its default. */
export const socketAddress: Kind<SocketAddress> = text(
  "address",
  `an IP address with or without a port, such as "127.0.0.1:17670" or "[::1]:17670"`,
  z.string().transform((given, context) => parseSocketAddress(given) ?? refuse(context)),
);

export const network: Kind<string> = text(
  "network",
  "IP addresses or networks such as 10.0.0.0/8",
  z.string().refine(isNetwork),
);

/** Without a user and password: a URL is shown where it is wrong. */
export const httpUrl: Kind<string> = text(
  "url",
  "an http or https URL without a user, such as http://127.0.0.1:4318/v1/traces",
  z.string().refine(isHttpUrl),
);

export const path: Kind<string> = text("path", "a path", z.string().refine(isPath));

export const name = (pattern: RegExp, expected: string): Kind<string> =>
  text("name", expected, z.string().regex(pattern));

/** A text that must not be shown, not even where it is wrong. */
export const secretText = (placeholder: string, expected: string): Kind<Secret> =>
  text(
    placeholder,
    expected,
    z
      .string()
      .min(1)
      .transform((given) => new Secret(given)),
  );

/** In a file a list; in a variable separated by commas; as a flag also given several times. */
export function listOf<T>(item: Kind<T>, expected: string): Kind<readonly T[]> {
  return {
    schema: z.array(item.schema),
    fromText: (given) => given.split(",").map((one) => item.fromText(one.trim())),
    expected,
    placeholder: item.placeholder,
  };
}

function refuse(context: z.RefinementCtx): never {
  context.addIssue({ code: "custom" });
  return z.NEVER;
}
