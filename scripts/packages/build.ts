/** The two packages that other projects install: modules, declarations that stand alone, a README and a manifest each. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import packageJson from '../../package.json' with { type: 'json' };
import { bundleWidget, styleAsText } from '../pages.ts';
import { nodeModules, root } from '../setup/paths.mjs';

const { version, license } = packageJson;

type Package = {
  /** Where its sources and its README stand. */
  source: string;
  entries: string[];
  build?: BuildOptions;
  manifest: Record<string, unknown>;
  /** What else lies in it. */
  files: (folder: string) => Promise<void>;
};

const entry = (module: string, types: string) => ({ types: `./types/${types}.d.ts`, default: `./${module}.js` });

const PACKAGES: Record<string, Package> = {
  client: {
    source: 'shared/client',
    entries: ['shared/client/client.ts'],
    manifest: {
      description: 'A typed client of a Prefloop edge: browsers, Node, Deno and Workers, nothing else installed.',
      keywords: ['prefloop', 'preference', 'alignment', 'rlhf', 'dpo'],
      exports: { '.': entry('client', 'client'), './package.json': './package.json' },
      types: './types/client.d.ts',
      sideEffects: false,
    },
    files: async () => {},
  },
  widget: {
    source: 'worker/widget',
    entries: ['worker/widget/index.ts', 'worker/widget/react.ts'],
    build: { plugins: [styleAsText], external: ['react'], splitting: true },
    manifest: {
      description: '<prefloop-compare>: asks a person which of some outputs is better, and loses no answer.',
      keywords: ['prefloop', 'preference', 'web-component', 'custom-element', 'rlhf'],
      exports: {
        '.': entry('index', 'index'),
        './react': entry('react', 'react'),
        './widget.js': './widget.js',
        './custom-elements.json': './custom-elements.json',
        './package.json': './package.json',
      },
      types: './types/index.d.ts',
      customElements: 'custom-elements.json',
      // Importing it defines the element.
      sideEffects: true,
      peerDependencies: { react: '>=18' },
      peerDependenciesMeta: { react: { optional: true } },
    },
    files: async (folder) => {
      await writeFile(join(folder, 'widget.js'), await bundleWidget());
      await writeFile(join(folder, 'custom-elements.json'), await packagedManifest());
    },
  },
};

/** The manifest of the element, of the module that defines and exports it here. */
async function packagedManifest(): Promise<string> {
  const text = await readFile(join(root, 'worker/widget/custom-elements.json'), 'utf8');
  const manifest = JSON.parse(text.replaceAll('"widget.js"', '"index.js"'));
  for (const { path, exports } of manifest.modules) {
    const name = 'PrefloopCompare';
    exports.push({ kind: 'js', name, declaration: { name, module: path } });
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Declarations of the entries and of what these name, without what they do not. */
async function writeDeclarations({ source, entries }: Package, folder: string): Promise<void> {
  const cache = join(nodeModules, '.cache'); // beside the types that are needed
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'declarations-'));
  try {
    const more = source.startsWith('worker') ? [join(root, source, 'text-modules.d.ts')] : [];
    const compilerOptions = {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: root,
      outDir: draft,
    };
    const files = [...entries.map((name) => join(root, name)), ...more];
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, files, include: [] };
    await writeFile(join(draft, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(nodeModules, 'typescript/bin/tsc');
    await promisify(execFile)(process.execPath, [tsc, '--project', draft], { cwd: root }).catch(({ stdout }) => {
      throw new Error(`the declarations of ${source} cannot be written:\n${stdout}`);
    });
    const waiting = entries.map((name) => join(draft, name.replace(/\.ts$/, '.d.ts')));
    const written = new Set<string>();
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (written.has(path)) continue;
      written.add(path);
      const text = await readFile(path, 'utf8');
      for (const [, name = ''] of text.matchAll(/["'](\.{1,2}\/[^"']+)\.ts["']/g)) {
        waiting.push(join(dirname(path), `${name}.d.ts`));
      }
      const target = join(folder, 'types', relative(join(draft, source), path));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text.replaceAll(/(["']\.{1,2}\/[^"']+)\.ts(["'])/g, '$1.js$2'));
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function buildPackage(name: string, made: Package, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: made.entries.map((each) => join(root, each)),
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    logLevel: 'silent',
    chunkNames: 'element',
    ...made.build,
  });
  await writeDeclarations(made, folder);
  await made.files(folder);
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  await copyFile(join(root, made.source, 'README.md'), join(folder, 'README.md'));
  const head = { name: `@prefloop/${name}`, version, license, type: 'module', engines: { node: '>=20' } };
  const files = (await readdir(folder)).filter((each) => !['LICENSE', 'README.md'].includes(each)).sort();
  const manifest = { ...head, ...made.manifest, files, publishConfig: { access: 'public' } };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Writes `client` and `widget` under `folder`; returns their folders. */
export async function buildPackages(folder: string): Promise<string[]> {
  const all = Object.entries(PACKAGES);
  for (const [name, made] of all) await buildPackage(name, made, join(folder, name));
  return all.map(([name]) => join(folder, name));
}
