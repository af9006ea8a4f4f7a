// What the machine itself must bring: Node 20 or newer with npm, Python 3.11 or newer with venv. All else is installed.
import { spawnSync } from 'node:child_process';

export class MissingTool extends Error {}

const PYTHONS = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
const PROBE = `import importlib.util as u, json, sys
has = all(u.find_spec(m) for m in ("venv", "ensurepip"))
print(json.dumps({"path": sys.executable, "version": sys.version.split()[0], "recent": sys.version_info >= (3, 11), "venv": has}))`;

/** Throws MissingTool where the Node that runs this is older than 20. */
export function requireNode() {
  const version = process.versions.node;
  if (Number(version.split('.')[0]) < 20) {
    throw new MissingTool(
      `Prefloop needs Node 20 or newer, and this is Node ${version}: install a newer one and start again.`,
    );
  }
}

/** Throws MissingTool where there is no npm on the PATH. */
export function requireNpm() {
  if (spawnSync('npm', ['--version'], { shell: process.platform === 'win32' }).status !== 0) {
    throw new MissingTool(
      'Prefloop needs npm, and none is on the PATH: install it (it comes with Node) and start again.',
    );
  }
}

function probe(command) {
  const { status, stdout } = spawnSync(command, ['-c', PROBE], { encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : null;
}

/** The path of a Python that will do; PREFLOOP_PYTHON names one. Throws MissingTool with the nearest miss. */
export function findPython() {
  const chosen = process.env.PREFLOOP_PYTHON;
  const found = [];
  for (const command of chosen ? [chosen] : PYTHONS) {
    const python = probe(command);
    if (python?.recent && python.venv) return python.path;
    if (python) found.push(python);
  }
  const recent = found.find((python) => python.recent);
  if (recent) {
    throw new MissingTool(
      `Prefloop needs Python's venv module, and Python ${recent.version} at ${recent.path} lacks it: install it (on Debian and Ubuntu the package python3-venv) and start again.`,
    );
  }
  let nearest = 'none was found';
  if (chosen) nearest = `PREFLOOP_PYTHON=${chosen} does not start`;
  if (found[0]) nearest = `${found[0].path} is ${found[0].version}`;
  throw new MissingTool(`Prefloop needs Python 3.11 or newer, and ${nearest}: install one and start again.`);
}
