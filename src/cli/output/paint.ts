import { styleText } from "node:util";
import type { Surroundings } from "../surroundings.ts";

export type Colour = "bold" | "dim" | "green" | "yellow" | "red";

/** Colours text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

const plain: Paint = (_colour, text) => text;
const coloured: Paint = (colour, text) => styleText(colour, text, { validateStream: false });

/** Colours are for terminals whose user has not declined them (`NO_COLOR`, `TERM=dumb`). */
export function choosePaint({ isTty, env }: Pick<Surroundings, "isTty" | "env">): Paint {
  return isTty && !env["NO_COLOR"] && env["TERM"] !== "dumb" ? coloured : plain;
}
