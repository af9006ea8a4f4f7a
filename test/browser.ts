// A real browser for tests: the machine's own Chromium where there is one, else the one that npm brought.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type LaunchOptions } from 'playwright-core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache');
const UNPACKED = join(CACHE, 'chromium');
const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

// The package unpacks into TMPDIR and takes a half-written file for a whole one: unpack aside, then rename.
function unpackChromium(): void {
  if (existsSync(UNPACKED)) return;
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(`${UNPACKED}-`);
  // The runtime's name makes the package unpack the libraries that Chromium needs (NSS) too.
  const env = { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' };
  const unpack = "import chromium from '@sparticuz/chromium'; await chromium.executablePath();";
  execFileSync(process.execPath, ['--input-type=module', '--eval', unpack], { cwd: ROOT, env });
  writeFileSync(
    join(folder, 'fonts.conf'),
    `<?xml version="1.0"?><fontconfig><dir>${UNPACKED}/fonts</dir><cachedir>${UNPACKED}/fonts-cache</cachedir></fontconfig>\n`,
  );
  try {
    renameSync(folder, UNPACKED);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    if (!existsSync(UNPACKED)) throw error; // else another process was first
  }
}

function packagedChromium(): LaunchOptions {
  unpackChromium();
  const executablePath = join(UNPACKED, 'chromium');
  const env: NodeJS.ProcessEnv = { ...process.env };
  const libraries = spawnSync('ldd', [executablePath], { encoding: 'utf8' });
  if (libraries.status !== 0 || libraries.stdout.includes('not found')) {
    env.LD_LIBRARY_PATH = [join(UNPACKED, 'al2023', 'lib'), env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  }
  if (!existsSync('/etc/fonts/fonts.conf')) env.FONTCONFIG_FILE = join(UNPACKED, 'fonts.conf');
  // The package's own arguments are left out: they switch the same-origin policy off and share one process.
  return { executablePath, args: ['--no-sandbox'], env: env as Record<string, string> };
}

function chooseBrowser(): LaunchOptions {
  const executablePath = SYSTEM.find((path) => existsSync(path));
  if (executablePath) return { executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] };
  if (process.platform === 'linux' && process.arch === 'x64') return packagedChromium();
  return { channel: 'chrome' };
}

/** A headless Chromium that keeps what pages store in `folder`; the caller closes it. */
export function startProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { ...chooseBrowser(), headless: true });
}

/** Starts a headless Chromium; the caller closes it. Throws one sentence saying what to install where none starts. */
export async function startBrowser(): Promise<Browser> {
  try {
    return await chromium.launch({ ...chooseBrowser(), headless: true });
  } catch (error) {
    throw new Error(
      'No browser starts on this machine: install Chromium (on Debian and Ubuntu the package chromium).',
      {
        cause: error,
      },
    );
  }
}
