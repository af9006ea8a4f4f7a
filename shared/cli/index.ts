/** `npx prefloop`: the operator's command line against any edge. */
import { run } from './program.ts';

process.exitCode = await run(process.argv.slice(2));
