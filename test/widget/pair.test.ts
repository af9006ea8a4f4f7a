import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare, heard, Stage } from './stage.ts';

const stage = new Stage();
beforeAll(() => stage.start());
afterAll(() => stage.stop());

const script = compare('Where is my parcel?', ['On its **way**.', 'No idea.']);
const SOON = { attributes: { undo: '0' } };

describe('a pair', () => {
  it('is dealt by the edge, voted on with one click, and stored as the candidate and the place it was shown at', async () => {
    const { page, errors } = await stage.open({ script, ...SOON });
    await page.getByRole('button', { name: 'Prefer answer 2' }).click();
    await expect.poll(() => heard(page, 'sent')).toHaveLength(1);
    const [voted, sent] = await heard(page);
    expect(voted?.detail).toMatchObject({ choice: { type: 'pair', position: 1 } });
    expect(sent?.detail).toMatchObject({ id: voted?.detail.id, status: 'waiting', replayed: false });
    const stored = (await stage.votes()).find(({ id }) => id === voted?.detail.id);
    expect(stored.comparison.candidates[1].id).toBe(stored.choice.chosen);
    expect(stored.user).toBe('anna');
    const shown = await page.locator('.body').allTextContents();
    const texts = stored.comparison.candidates.map(({ content }: { content: { text: string } }) => content.text);
    expect(texts.map((text: string) => text.replaceAll('*', ''))).toEqual(shown);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
