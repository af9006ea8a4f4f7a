/** A user's embedding, as it is now: the one that is kept, or made anew when a vote has come in since. */
import type { Context } from 'hono';
import type { EncoderInput, SetEncoderInput } from '../../shared/contracts/encoder.ts';
import { ApiError } from '../access/api-error.ts';
import { fileKey } from '../adapter-files/receive-file.ts';
import type { Env } from '../env.ts';
import { holdEmbedding, isOutdated, keepEmbedding, type Made } from '../store/embeddings.ts';
import { findTaste, type Taste } from '../store/tastes.ts';
import { BrokenEncoder, embed } from './embed.ts';
import type { Network, NetworkInputs, NetworkOutputs } from './network.ts';

/** `timing`: of the network alone and of all of it, in the words of a server-timing header; null = no network was run. */
export type UserEmbedding = { encoder: EncoderInput; made: Made; timing: string | null };

/** `encoder`: of an adapter; without it, the domain's. `kind`: nothing is computed under an encoder of another one. */
export type Whose = { domain: string; user: string; encoder?: string; kind?: EncoderInput['kind'] };

/**
 * null = the domain has no such encoder. Throws ApiError `encoder_invalid` for an encoder that fails: then everything stays as
 * it was.
 */
export async function userEmbedding(c: Context<Env>, whose: Whose): Promise<UserEmbedding | null> {
  const { domain, user, kind } = whose;
  const started = performance.now();
  const taste = await findTaste(c.var.db, c.var.project.id, { domain, user, encoder: whose.encoder ?? null });
  if (!taste || (kind && taste.encoder.kind !== kind)) return null;
  const { encoder, made, lastSeq } = taste;
  if (made?.lastSeq === lastSeq) return { encoder, made, timing: null };
  const fresh = await makeEmbedding(c, taste);
  // Who has never voted leaves no row behind: the prior was there with the encoder.
  if (lastSeq > 0) keepLater(c, { domain, user, encoder: encoder.sha }, fresh.made);
  const timing = fresh.timing && `${fresh.timing}, embedding;dur=${(performance.now() - started).toFixed(3)}`;
  return { encoder, made: fresh.made, timing };
}

async function makeEmbedding(c: Context<Env>, taste: Taste): Promise<Pick<UserEmbedding, 'made' | 'timing'>> {
  const { encoder, votes, lastSeq, encoderAt } = taste;
  let timing: string | null = null;
  let milliseconds = 0;
  const embedded = await guard(encoder.sha, () =>
    embed(encoder, votes, async (inputs) => {
      const { outputs, name } = await runNetwork(c, encoder as SetEncoderInput, inputs);
      milliseconds += outputs.milliseconds;
      timing = `encoder;dur=${milliseconds.toFixed(3)};desc="${name}"`;
      return outputs;
    }),
  );
  return { made: { ...embedded, lastSeq, updatedAt: lastSeq === 0 ? encoderAt : c.var.now() }, timing };
}

/** Long enough for an answer to be gone, and for the next one of somebody who votes by a script. */
const KEPT_AFTER_MS = 100;

/** Nobody waits for the disk: an embedding that was never kept is computed again. */
function keepLater(c: Context<Env>, place: { domain: string; user: string; encoder: string }, made: Made): void {
  const { db, project, requestId } = c.var;
  holdEmbedding(db, project.id, place, made);
  const keep = async () => {
    // A host may write on the thread that answers: not while it is answering.
    await new Promise((done) => setTimeout(done, KEPT_AFTER_MS));
    if (!isOutdated(db, project.id, place, made)) await keepEmbedding(db, project.id, place, made);
  };
  c.executionCtx.waitUntil(keep().catch((error) => console.error(`${requestId} an embedding was not kept`, error)));
}

/** An encoder's file through onnxruntime, whatever host this is. */
export async function runNetwork(
  c: Context<Env>,
  encoder: SetEncoderInput,
  inputs: NetworkInputs,
): Promise<{ outputs: NetworkOutputs; name: string }> {
  const backEnd = await c.env.ENCODER();
  return { outputs: await backEnd.run(networkOf(c, encoder), inputs), name: backEnd.name };
}

function networkOf(c: Context<Env>, { files, featureSize }: SetEncoderInput): Network {
  const file = files.find(({ name }) => name === 'encoder.onnx');
  if (!file) throw new BrokenEncoder('it has no encoder.onnx');
  const { sha256 } = file;
  const read = async () => {
    const object = await c.env.FILES.get(fileKey(c.var.project.id, sha256));
    return object ? object.arrayBuffer() : null;
  };
  return { sha256, featureSize, read };
}

/** Tries an encoder on made-up votes, so that one which cannot run is never registered. */
export async function tryEncoder(c: Context<Env>, encoder: EncoderInput): Promise<void> {
  if (encoder.kind !== 'set') return;
  for (const count of [1, 3]) {
    const vector = (phase: number) => Array.from({ length: encoder.featureSize }, (_, i) => Math.sin(i + phase) / 2);
    const votes = Array.from({ length: count }, (_, i) => ({
      ...{ id: String(i), choice: { type: 'pair', chosen: 'a' } as const, confidence: 1, weight: 1 },
      candidates: [
        { id: 'a', features: vector(i) },
        { id: 'b', features: vector(i + 10) },
      ],
    }));
    await guard(encoder.sha, async () => {
      const made = await embed(encoder, votes, async (inputs) => (await runNetwork(c, encoder, inputs)).outputs);
      // A person's odd vote may overflow a network; these are not odd.
      if (made.unusable.length > 0) throw new BrokenEncoder('it gives numbers that are not finite');
    });
  }
}

async function guard<T>(encoder: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // A host on which nothing runs is no fault of the encoder.
    if (why.includes('no available backend')) throw error;
    throw new ApiError('encoder_invalid', `The encoder ${encoder} cannot be run: ${why.slice(0, 300)}`);
  }
}
