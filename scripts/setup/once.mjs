// One set-up at a time, and none where a stamp says that it is done.
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimes,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const BEAT_MS = 2000;
const SILENT_MS = 60_000;

/** sha256 over the contents of `files` and the strings in `facts`. */
export function fingerprint(files, facts) {
  const hash = createHash('sha256');
  for (const part of [...files.map((file) => readFileSync(file)), ...facts]) hash.update(part).update('\0');
  return hash.digest('hex');
}

export function readStamp(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

export function writeStamp(file, text) {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// On this host the process tells; from another host (a shared folder, a container) only the heartbeat does.
function isAbandoned(lock) {
  try {
    const silent = Date.now() - statSync(lock).mtimeMs;
    const [host, pid] = readFileSync(lock, 'utf8').split(' ');
    if (pid === undefined) return silent > BEAT_MS; // created, and its owner died before it wrote its name
    return host === hostname() ? !isRunning(Number(pid)) : silent > SILENT_MS;
  } catch {
    return false; // released meanwhile
  }
}

// Two waiters may see the same dead owner: one rename succeeds, and what it took by mistake it puts back.
function clearAbandoned(lock) {
  const taken = `${lock}.${process.pid}`;
  try {
    renameSync(lock, taken);
    if (!isAbandoned(taken)) linkSync(taken, lock);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  rmSync(taken, { force: true });
}

function tryLock(lock) {
  try {
    const file = openSync(lock, 'wx');
    writeSync(file, `${hostname()} ${process.pid}`);
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** Runs `work` while this process alone holds the file `lock`; calls `onWait` once where another one holds it. */
export async function exclusively(lock, onWait, work) {
  for (let waited = false; !tryLock(lock); waited = true) {
    if (isAbandoned(lock)) {
      clearAbandoned(lock);
      continue;
    }
    if (!waited) onWait();
    await sleep(200);
  }
  const beat = setInterval(() => utimes(lock, new Date(), new Date(), () => {}), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(lock, { force: true });
  }
}
