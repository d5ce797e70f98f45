/** `npm run build`: writes `dist/`, the programs as plain Node runs them. */
import { build } from "./build-programs.ts";

await build();
