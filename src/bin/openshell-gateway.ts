#!/usr/bin/env node
import { keepCompiled } from "./compile-cache.ts";

keepCompiled();
const { runHere } = await import("./gateway-program.ts");
await runHere(import.meta.filename);
