/** Everything that the gateway is abused with, by what it is called in the table of figures. */
import type { Attack } from "../support/attack.ts";
import { bodies } from "./bodies.ts";
import { connections, quiet } from "./connections.ts";
import { credentials } from "./credentials.ts";
import { floods } from "./floods.ts";
import { headerBlocks } from "./header-blocks.ts";
import { resets } from "./resets.ts";
import { windows } from "./windows.ts";

/** What honest callers take when nobody disturbs them. */
const nothing: Attack = { answer: "bears it", strike: (_target, course) => course.over };

const all = {
  nothing,
  ...resets,
  ...floods,
  ...headerBlocks,
  ...windows,
  ...bodies,
  ...connections,
  ...credentials,
  ...quiet,
};

export type AttackName = keyof typeof all;
export const attacks: Readonly<Record<AttackName, Attack>> = all;
export const attackNames = Object.keys(all) as AttackName[];
