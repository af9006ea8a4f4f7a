/** `npx prefloop`: the operator's command line against any edge. */
import { run } from './program.ts';

// `prefloop … | head` has seen enough: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2));
