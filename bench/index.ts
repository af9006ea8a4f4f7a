/** `npm run bench -- NAME`: runs one benchmark. Each is a file of this folder; none is part of the tests. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const [name, ...args] = process.argv.slice(2);
const folder = fileURLToPath(new URL('.', import.meta.url));
const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
const names = files.map((entry) => entry.name.replace(/\.ts$/, '')).filter((each) => each !== 'index');

if (!name || !names.includes(name)) {
  console.error(`npm run bench -- NAME [options], where NAME is one of: ${names.join(', ')}. Each has --help.`);
  process.exitCode = 2;
} else {
  const { main } = (await import(`./${name}.ts`)) as { main: (args: string[]) => Promise<number> };
  process.exitCode = await main(args);
}
