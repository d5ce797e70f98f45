import fc from "fast-check";

export const one = <T>(...values: readonly T[]) => fc.constantFrom(...values);
/** More often the first, and what is shrunk becomes it. */
export const mostly = <T>(usual: T, ...others: readonly T[]) =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 2, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: one(...others) },
  );
