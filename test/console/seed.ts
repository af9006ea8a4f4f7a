/**
 * An edge with a history, made by the calls that people, runners and operators make: votes of a few people, a line of adapters with
 * gates, one that failed, a rewind that left a branch, a batch that was set aside, and a mixture that knows who likes what.
 */
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { sha256Text } from '../../shared/math/sha256.ts';
import { uuidv7 } from '../../shared/math/uuidv7.ts';
import type { TestEdge, TestProject } from '../worker/hosts.ts';
import { makeAdapter, uploadAdapter } from '../worker/made-adapter.ts';

type Json = Record<string, unknown>;

export const DOMAIN = 'support-tone';
export const EMPTY = 'sprites';

const PEOPLE = ['anna', 'ben', 'chiara', 'deniz', 'emil'];
const QUESTIONS = [
  'Where is my parcel?',
  'Can I change my address?',
  'How do I return a lamp?',
  'The invoice is wrong.',
  'Do you ship to Malta?',
];
const BATCH = 12;

/** Always the same numbers: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export async function seedEdge(edge: TestEdge, project: TestProject, { rounds = 14, texts = [] as string[] } = {}) {
  const draw = random(7);
  const { admin } = project;
  const [train, ingest] = await Promise.all([project.createKey(['train']), project.createKey(['ingest'])]);
  const recipe = { method: 'dpo', beta: 0.3 };
  const gates = { minAccuracy: 0.5, maxDisplacement: 0.4, maxKl: 0.6, maxLengthRatio: 2 };
  const settings = { holdOut: 0.15, batchSize: BATCH, maxWaitSeconds: 0, maxAttempts: 2 };
  await project.createDomain({ id: DOMAIN, recipe, gates, ...settings });
  await project.createDomain({ id: EMPTY });
  const adapters: string[] = [];
  let asked = 0;
  /** Of the mixture’s basis: the first three adapters. */
  let space = '';

  /** A vote on one of a few pairs, so that several people judge the same. */
  function vote(): Json {
    const user = PEOPLE[Math.floor(draw() ** 1.6 * PEOPLE.length)] ?? 'anna';
    const n = asked++ % 60;
    const question = texts[n % (texts.length || 1)] ?? `${QUESTIONS[n % QUESTIONS.length]} (order ${n})`;
    const sides = [
      'We are sorry for the trouble. It arrives on Tuesday, and you can follow it on the map.',
      'Look at your account.',
    ];
    const origins = [adapters.at(-1) ?? null, adapters.at(-3) ?? null];
    const candidates = sides.map((text, side) => ({
      id: uuidv7(),
      content: {
        type: 'text',
        text: texts.length > 0 ? `${texts[(n + side) % texts.length]} ${side}` : `${text} (${n})`,
      },
      origin: { role: origins[side] ? 'live' : 'base', adapter: origins[side] },
      ...(space && { features: [{ space, values: [side === 0 ? 0.4 : -0.1, draw() - 0.5, draw() - 0.5] }] }),
    }));
    const agrees = draw() < (user === 'deniz' ? 0.4 : 0.85);
    const position = draw() < 0.58 ? 0 : 1;
    const chosen = candidates[agrees ? 0 : 1]?.id;
    const kind = draw();
    const choice = kind < 0.06 ? { type: 'skip' } : kind < 0.12 ? { type: 'tie' } : { type: 'pair', chosen, position };
    const latencyMs = user === 'emil' ? 500 : Math.round(2500 + 9000 * draw());
    return {
      id: uuidv7(),
      comparison: { domain: DOMAIN, prompt: { messages: [{ role: 'user', content: question }] }, candidates },
      choice,
      user,
      latencyMs,
    };
  }

  const send = (count: number) =>
    edge.get('POST', '/v1/preferences/bulk', { bearer: ingest, body: { items: Array.from({ length: count }, vote) } });
  const lease = async () =>
    (
      await edge.call('POST', '/v1/batches/lease', {
        bearer: train,
        body: { baseModel: 'tiny', runner: 'gpu-1', domains: [DOMAIN] },
      })
    ).body;

  async function round(index: number, fails = false): Promise<void> {
    await send(BATCH + 4);
    const held = await lease();
    if (!held?.batch) return;
    const input = { ...numbersOf(index, fails, draw), recipe, baseModel: 'tiny', runtime: 'prefloop-runner 0.1.0' };
    const adapter = await makeAdapter({ input });
    await uploadAdapter(edge, train, adapter);
    const body = { fence: held.fence, adapter: { ...adapter.input, parent: held.parent } };
    await edge.get('POST', `/v1/batches/${held.batch}/complete`, { bearer: train, body });
    adapters.push(adapter.input.sha);
  }

  for (let index = 0; index < rounds; index++) {
    await round(index, index === 5);
    if (index === 2) space = await chooseMixture(edge, project, train, adapters);
    if (index !== 8) continue;
    const back = { adapter: adapters[6], rewind: true, note: texts[0] ?? 'Replies became curt: back to Tuesday’s.' };
    await edge.get('POST', `/v1/domains/${DOMAIN}/rollback`, { bearer: admin, body: back });
  }
  await send(BATCH + 6);
  for (let tries = 0; tries < 2; tries++) {
    const held = await lease();
    if (!held?.batch) break;
    const body = { fence: held.fence, reason: texts[0] ?? 'CUDA out of memory: tried to allocate 2.1 GiB' };
    await edge.get('POST', `/v1/batches/${held.batch}/fail`, { bearer: train, body });
  }
  await send(9);
  return { adapters, people: PEOPLE, train, ingest };
}

/** What a runner would have measured: it learns, it drifts, one time it displaces. */
function numbersOf(index: number, fails: boolean, draw: () => number): Json {
  const noise = (size: number) => (draw() - 0.5) * size;
  const skill = 1 - Math.exp(-index / 5);
  const around = (value: number, half: number) => ({ value, low: value - half, high: value + half });
  const accuracy = 0.52 + 0.27 * skill + noise(0.05);
  const displacement = fails ? 0.62 : 0.05 + 0.14 * skill + noise(0.08);
  const kl = 0.03 + 0.3 * skill + noise(0.03);
  const length = 1 + 0.35 * skill + noise(0.1);
  const gate = (name: string, facts: Json, n: number, bound: number) => ({
    name,
    ...facts,
    n,
    bound,
    passed: true,
    reason: null,
  });
  const fell = { passed: false, reason: 'preferred answers fell by 0.62 nats a token, more than 0.4' };
  return {
    metrics: {
      loss: Math.LN2 - 0.24 * skill + noise(0.05),
      accuracy: 0.55 + 0.3 * skill + noise(0.06),
      ...(index > 0 && { accuracyBefore: 0.5 + 0.26 * skill + noise(0.08), accuracyBeforeCount: 11 }),
      margin: 0.9 * skill + noise(0.1),
      rewardsChosen: 0.25 * skill + noise(0.06),
      rewardsRejected: -0.65 * skill + noise(0.06),
      logpsChosen: -42 + 5 * skill + noise(2),
      logpsRejected: -40 - 7 * skill + noise(2),
      lengthChosen: 31,
      gradNorm: 0.8 + noise(0.4),
      steps: 6,
      skippedSteps: 0,
      preferences: BATCH,
      trainSeconds: 4.2,
    },
    losses: Array.from({ length: 24 }, (_, step) => Math.LN2 - 0.24 * skill - 0.002 * step + noise(0.16)),
    gates: [
      gate('accuracy', around(accuracy, 0.14), 40, 0.5),
      { ...gate('displacement', around(displacement, 0.11), 64, 0.4), ...(fails && fell) },
      gate('kl', around(kl, 0.05), 16, 0.6),
      gate('length', around(length, 0.16), 16, 2),
    ],
  };
}

async function chooseMixture(edge: TestEdge, project: TestProject, train: string, basis: string[]): Promise<string> {
  const space = sha256Text(canonicalJson(basis));
  const encoder = {
    kind: 'mixture',
    domain: DOMAIN,
    space,
    featureSize: 3,
    basis: basis.map((adapter, index) => ({ name: ['warm', 'brief', 'formal'][index], adapter })),
    prior: {
      mean: [0, 0, 0],
      precision: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    },
    scale: 4,
    strength: 1,
    maxWeight: 3,
  };
  const sha = sha256Text(canonicalJson(encoder));
  await edge.get('POST', '/v1/encoders', { bearer: train, body: { ...encoder, sha } });
  await edge.get('PUT', `/v1/domains/${DOMAIN}/encoder`, { bearer: project.admin, body: { encoder: sha } });
  return space;
}
