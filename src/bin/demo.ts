import { runDemo } from "../demo/index.ts";

process.exitCode = await runDemo({
  node: process.execPath,
  environment: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
});
