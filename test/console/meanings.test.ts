import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readMeanings } from '../../scripts/meanings.ts';
import { TERMS } from '../../worker/console/page/terms.ts';
import { consolePage } from '../../worker/console/page.generated.js';

describe('what numbers mean', () => {
  it('is read from the tables of docs/metrics.md, names that share a row each with its unit', () => {
    const read = readMeanings(`# M
| name | unit | meaning |
|---|---|---|
| \`loss\`, \`other\` | nats, s | what it says |
text
## Gates
| name | unit | value | holds when | interval |
|---|---|---|---|---|
| \`kl\` | nats | how far | ≤ \`maxKl\` | normal |`);
    expect(read).toEqual({
      loss: { unit: 'nats', meaning: 'what it says' },
      other: { unit: 's', meaning: 'what it says' },
      'gate.kl': { unit: 'nats', meaning: 'how far. Holds when ≤ `maxKl`. 95 % interval: normal.' },
    });
  });

  it('is known of every number that the console shows', async () => {
    const read = readMeanings(await readFile('docs/metrics.md', 'utf8'));
    for (const name of Object.keys(TERMS)) expect(read[name]?.meaning, name).toMatch(/\w/);
  });
});

describe('the page', () => {
  it('is one file below 300 kB as it is sent', () => {
    expect(gzipSync(consolePage.html).length).toBeLessThan(300_000);
  });
});
