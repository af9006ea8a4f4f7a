import { expect, it } from 'vitest';
import { createClient } from '../../../shared/client/client.ts';
import { describeOnHosts } from '../../worker/hosts.ts';
import { sha256 } from '../../worker/made-adapter.ts';
import { png } from '../../worker/made-image.ts';

describeOnHosts('uploadImage', (edge) => {
  it('gives the hash that a candidate is named by, and changes nothing the second time', async () => {
    const project = await edge.createProject();
    await project.createDomain({ id: 'sprites', baseModel: 'tiny-diffusion', recipe: { method: 'diffusion-dpo' } });
    const client = createClient({ edge: edge.url, token: project.admin });
    const bytes = png(11, 3, 2);
    const facts = { sha256: await sha256(bytes), mediaType: 'image/png', width: 3, height: 2, bytes: bytes.length };
    expect(await client.uploadImage(bytes)).toEqual({ ...facts, replayed: false });
    expect(await client.uploadImage(new Blob([bytes]))).toEqual({ ...facts, replayed: true });
    expect(await client.downloadImage(facts.sha256)).toEqual(bytes);

    const other = await client.uploadImage(png(12));
    const candidates = [facts, other].map(({ sha256 }) => ({ content: { type: 'image', sha256 } as const }));
    const asked = { domain: 'sprites', prompt: { text: 'a creature' }, candidates };
    expect((await client.createComparison(asked)).candidates).toHaveLength(2);
  });

  it('is tried again when the answer gets lost, and the picture is kept once', async () => {
    const project = await edge.createProject();
    const asked: string[] = [];
    const client = createClient({
      edge: edge.url,
      token: project.admin,
      sleep: async () => undefined,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (asked.push(`${init.method} ${url}`) > 1) return response;
        await response.arrayBuffer();
        throw new TypeError('the connection was cut');
      },
    });
    const bytes = png(13);
    expect(await client.uploadImage(bytes)).toMatchObject({ sha256: await sha256(bytes), replayed: true });
    expect(asked).toEqual(Array(2).fill(`PUT ${edge.url}/v1/images/${await sha256(bytes)}`));
  });

  it('says what is wrong with what is no picture, at once', async () => {
    const project = await edge.createProject();
    const client = createClient({ edge: edge.url, token: await project.createUserToken('anna', ['collect']) });
    expect((await client.uploadImage(png(14))).replayed).toBe(false);
    const failed = client.uploadImage(new TextEncoder().encode('<svg/>'));
    await expect(failed).rejects.toMatchObject({ name: 'EdgeError', code: 'image_invalid' });
  });
});
