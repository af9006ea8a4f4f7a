#!/usr/bin/env node
// `npx prefloop`: the operator's command line; it needs no Python.
import { fileURLToPath } from 'node:url';
import { start } from './start.mjs';

await start(fileURLToPath(new URL('../shared/cli/index.ts', import.meta.url)), process.argv.slice(2), {
  python: false,
});
