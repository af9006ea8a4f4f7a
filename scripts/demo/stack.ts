/** Brings up the whole loop on this machine: edge, inference server, runner, and a project with its domains. */
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '../../shared/client/client.ts';
import type { DomainInput } from '../../shared/contracts/domain.ts';
import { type Judge, startJudge } from './judge.ts';
import { describePage } from './page-config.ts';
import { type Built, DRAWS_WITH, findPersonal, publishPictures, publishReplies } from './personal.ts';
import { freePort, type Processes, python, startProcesses, untilReady } from './processes.ts';

/** `--host` of every command that starts a stack. */
export const hostOption = {
  type: 'text',
  value: 'HOST',
  help: 'What the edge runs on.',
  default: 'workers',
  choices: ['workers', 'deno'],
} as const;

export type StackOptions = {
  host: 'workers' | 'deno';
  /** 0 = any free port. */
  port: number;
  model: string;
  /** Where state and logs live; undefined = a temporary folder, removed at the end. */
  folder: string | undefined;
  /** Serves the page at `/`, on which a person votes in this domain. */
  page: { domain: string; seed: number } | undefined;
  /** Folder of ready-made personal weights; without it, and of what it lacks, nothing is personal. */
  personal?: string | undefined;
  say: (line: string) => void;
};

export type Stack = {
  edge: string;
  folder: string;
  inference: { url: string; key: string };
  /** What is personal from the start, and when it has been published. */
  personal: Built & { ready: Promise<void> };
  admin: Client;
  adminKey: string;
  processes: Processes;
  judge: Judge;
  startRunner(...args: string[]): ChildProcess;
  stop(): Promise<void>;
};

const PROJECT = 'demo';
/** That personal replies come with. */
const BUILT_IN = 'tiny';

function randomKey(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

export async function startStack(options: StackOptions): Promise<Stack> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'prefloop-')));
  await mkdir(join(folder, 'logs'), { recursive: true });
  const processes = startProcesses(join(folder, 'logs'));
  const weights = options.personal ?? '';
  const found = weights ? findPersonal(weights) : { pictures: false, replies: false };
  const built = { ...found, replies: found.replies && options.model === BUILT_IN };
  const personal = { folder: weights, found, built };
  const [port, inferencePort, imagesPort] = [await freePort(options.port), await freePort(), await freePort()];
  const edge = `http://127.0.0.1:${port}`;
  const inference = { url: `http://127.0.0.1:${inferencePort}`, key: randomKey() };
  const images = `http://127.0.0.1:${imagesPort}`;
  const rootKey = randomKey();

  async function stop(): Promise<void> {
    await processes.stopAll();
    if (!options.folder) await rm(folder, { recursive: true, force: true });
  }

  try {
    const judge = startJudge(processes);
    const demo =
      options.page && JSON.stringify({ project: PROJECT, ...(await describePage(judge, options.page, personal)) });
    options.say(`Starting the edge (${options.host === 'workers' ? 'workerd' : 'Deno'}) …`);
    processes.start(
      'edge',
      process.execPath,
      [
        'scripts/edge.ts',
        '--host',
        options.host,
        '--port',
        String(port),
        '--persist',
        join(folder, 'edge'),
        '--attached',
      ],
      {
        ROOT_KEY: rootKey,
        INFERENCE_URL: inference.url,
        INFERENCE_KEY: inference.key,
        ...(built.pictures && { INFERENCE_IMAGES_URL: images }),
        ...(demo ? { DEMO: demo } : {}),
      },
    );
    await untilReady(`${edge}/v1/health`, processes.failure);
    const { adminKey } = await createClient({ edge, token: rootKey }).createProject({ id: PROJECT });
    const admin = createClient({ edge, token: adminKey });

    options.say(`Loading the model (${options.model}) …`);
    const serve = (name: string, model: string, at: number, ...more: string[]) => {
      const command = ['-m', 'prefloop.serve', '--model', model, '--port', String(at)];
      const keys = { PREFLOOP_KEY: adminKey, PREFLOOP_INFERENCE_KEY: inference.key };
      processes.start(name, python, [...command, '--edge', edge, ...more], keys);
    };
    // The runner has the other core. Pictures are drawn now and then, and waited for.
    serve('inference', options.model, inferencePort, '--threads', '1');
    await untilReady(`${inference.url}/health`, processes.failure);
    // The first vote need not wait for the model that draws.
    if (built.pictures) serve('inference-images', DRAWS_WITH, imagesPort);
    const publishing = async () => {
      if (built.replies) await publishReplies(admin, weights, options.model, await fingerprintOf(inference.url));
      if (!built.pictures) return;
      await untilReady(`${images}/health`, processes.failure);
      await publishPictures(admin, weights, await fingerprintOf(images));
    };
    const ready = publishing();
    ready.catch(() => {});

    const startRunner = (...args: string[]) => {
      const command = ['-m', 'prefloop.cli', 'run', '--edge', edge, '--model', options.model];
      const cache = ['--cache', join(folder, 'runner'), '--threads', '1'];
      return processes.start('runner', python, [...command, ...cache, ...args], { PREFLOOP_KEY: adminKey });
    };
    return {
      ...{ edge, folder, inference, admin, adminKey, processes, judge, startRunner, stop },
      personal: { ...built, ready },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Adapters name the base that they belong to by this. */
async function fingerprintOf(url: string): Promise<string> {
  return ((await (await fetch(`${url}/health`)).json()) as { fingerprint: string }).fingerprint;
}

/** What a domain of the demo is like: small batches, so that a few votes already teach it something. */
export function demoDomain(id: string, model: string, changes: Partial<DomainInput> = {}): DomainInput {
  return {
    id,
    baseModel: model,
    recipe: demoRecipe(0),
    gates: { maxLengthRatio: 4, maxDisplacement: 3, maxKl: 0.6 },
    policy: 'gates',
    batchSize: 24,
    maxWaitSeconds: 3,
    leaseSeconds: 120,
    maxAttempts: 5,
    holdOut: 0.05,
    splitBy: 'prompt',
    temperature: 1,
    topP: 1,
    maxTokens: 160,
    raterWeights: 'off',
    ...changes,
  };
}

/**
 * OFS-DPO with values chosen on the built-in world, for streams of a few hundred votes of which one in ten is wrong.
 * The SFT term and the small alpha keep replies whole. Eight steps of such votes say little about which adapter is
 * better, so the roles are decided on a thousand: within one run of the demo the fast adapter stays the chased one.
 */
export function demoRecipe(seed: number): DomainInput['recipe'] {
  return {
    method: 'ofs-dpo',
    beta: 0.3,
    labelSmoothing: 0,
    sftWeight: 0.2,
    alpha: 0.02,
    slowRatio: 0.3,
    chasingInterval: 1000,
    rank: 16,
    loraAlpha: 32,
    targets: 'all-linear',
    learningRate: 1e-3,
    weightDecay: 0,
    maxGradNorm: 1,
    epochs: 2,
    microBatch: 6,
    maxLength: 1024,
    seed,
  };
}
