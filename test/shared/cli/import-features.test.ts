import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createClient } from '../../../shared/client/client.ts';
import { canonicalJson } from '../../../shared/math/canonical-json.ts';
import { sha256Text } from '../../../shared/math/sha256.ts';
import { makeBasis, makeMixture, publishMixture } from '../../worker/encoder/made-encoder.ts';
import { describeOnHosts } from '../../worker/hosts.ts';
import { runHere } from './run-prefloop.ts';

describeOnHosts('an import with log-ratios', (edge) => {
  it('says something of a taste; without them it says nothing', async () => {
    const project = await edge.createProject();
    await project.createDomain();
    const basis = await makeBasis(edge, project, 2);
    await publishMixture(edge, project, makeMixture(basis));
    const features = {
      space: sha256Text(canonicalJson(basis)),
      values: [
        [0.1, 2],
        [0.1, -2],
      ],
    };
    const row = (n: number, rest = {}) => ({ prompt: `Parcel ${n}?`, chosen: 'Soon.', rejected: 'Never.', ...rest });
    const folder = await mkdtemp(join(tmpdir(), 'prefloop-features-'));
    const write = async (rows: object[]) => {
      const file = join(folder, `${crypto.randomUUID()}.jsonl`);
      await writeFile(file, rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
      return file;
    };
    const options = ['--format', 'trl', '--domain', 'replies', '--user', 'user', '--features', 'features', '--chat'];
    const connection = ['--edge', edge.url, '--key', project.admin];
    const seen = [1, 2, 3].map((n) => row(n, { user: 'anna', features }));
    const unseen = [4, 5].map((n) => row(n, { user: 'ben' }));
    expect((await runHere('import', await write([...seen, ...unseen]), ...options, ...connection)).code).toBe(0);

    const client = createClient({ edge: edge.url, token: project.admin });
    const anna = await client.getEmbedding('anna', 'replies');
    expect(anna).toMatchObject({ kind: 'mixture', votes: 3, unusable: [] });
    const ben = await client.getEmbedding('ben', 'replies');
    expect(ben).toMatchObject({ votes: 0, unusable: [{ reason: 'noFeatures' }, { reason: 'noFeatures' }] });
    // Her answers differ under the second adapter alone; he is known by the prior.
    expect(anna.values[0]).toBeCloseTo(ben.values[0] ?? Number.NaN, 6);
    expect([anna.values[1], ben.values[1]]).toEqual([expect.closeTo(0.24, 1), 0]);
    expect(anna.values[1]).toBeGreaterThan(0.1);

    expect((await runHere('import', await write(seen), ...options, ...connection)).code).toBe(0);
    const late = await runHere('import', await write([row(4, { user: 'ben', features })]), ...options, ...connection);
    expect(late).toMatchObject({ code: 3, stderr: expect.stringContaining('idempotency_conflict') });
    await rm(folder, { recursive: true });
  });
});
