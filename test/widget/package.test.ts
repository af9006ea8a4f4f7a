/** What pages get: one small script, a manifest that says the truth about it, and types. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { bundleWidget } from '../../scripts/pages.ts';
import { root } from '../../scripts/setup/paths.mjs';
import type { Choice } from '../../shared/contracts/preference.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import manifest from '../../worker/widget/custom-elements.json' with { type: 'json' };
import { PrefloopCompare } from '../../worker/widget/element.ts';
import type { OwnPrompt, VoteChoice, WidgetEvents } from '../../worker/widget/types.ts';
import { describeOnHosts } from '../worker/hosts.ts';

const BUDGET = 15_000;
const FOLDER = join(root, 'worker/widget');

describe('the script', () => {
  it(`is at most ${BUDGET} bytes, compressed, and asks nothing of anybody else`, async () => {
    const script = await bundleWidget();
    expect(gzipSync(script, { level: 9 }).length).toBeLessThanOrEqual(BUDGET);
    expect(script).not.toMatch(
      /\bimport\s*\(|\brequire\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/,
    );
    expect(script).not.toMatch(/https?:\/\/(?!\[)/);
  });

  it('keeps to sizes that fit on two screens, file by file', async () => {
    for (const name of (await readdir(FOLDER)).filter((name) => /\.ts$/.test(name) && !name.includes('generated'))) {
      const lines = (await readFile(join(FOLDER, name), 'utf8')).split('\n').length;
      expect(lines, name).toBeLessThanOrEqual(320);
    }
  });

  it('can be named on a server, where there are no elements', () => {
    expect(globalThis.HTMLElement).toBeUndefined();
    expect(PrefloopCompare.observedAttributes).toContain('prompt');
  });
});

describeOnHosts('the edge', (edge) => {
  it('serves the script to every page, and once to each', async () => {
    const { status, body, headers } = await edge.call('GET', '/widget.js');
    expect([status, body.length > 10_000]).toEqual([200, true]);
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    const again = { headers: { 'if-none-match': headers.get('etag') ?? '' } };
    expect((await edge.call('GET', '/widget.js', again)).status).toBe(304);
    expect((await edge.call('GET', '/widget/custom-elements.json')).body).toEqual(manifest);
  });
});

describe('the manifest', () => {
  const [declaration] = manifest.modules[0]?.declarations ?? [];
  const names = (list: { name: string }[] = []) => list.map(({ name }) => name).sort();
  const read = async () => {
    const files = (await readdir(FOLDER)).filter((name) => /\.(ts|css)$/.test(name) && !name.includes('generated'));
    return (await Promise.all(files.map((name) => readFile(join(FOLDER, name), 'utf8')))).join('\n');
  };
  const found = (text: string, pattern: RegExp) =>
    [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort();

  it('names every attribute, event, part and custom property there is, and no other', async () => {
    const source = await read();
    const settings = found(
      await readFile(join(FOLDER, 'settings.ts'), 'utf8'),
      /(?:read|number|getAttribute)\('([a-z]+)'/g,
    );
    const others = ['token', 'prompt', 'lang', 'reason', 'shortcuts', 'theme'];
    expect(names(declaration?.attributes)).toEqual([...new Set([...settings, ...others])].sort());
    expect(names(declaration?.attributes)).toEqual(expect.arrayContaining(PrefloopCompare.observedAttributes));
    expect(names(declaration?.events)).toEqual(found(source, /'(prefloop:[a-z]+)': CustomEvent/g));
    expect(names(declaration?.cssParts)).toEqual(found(source, /part: '([a-z]+)'/g));
    expect(names(declaration?.cssProperties)).toEqual(found(source, /(--prefloop-[a-z-]+)/g));
    const own = Object.getOwnPropertyNames(PrefloopCompare.prototype);
    for (const { name } of declaration?.members ?? []) expect(own).toContain(name);
  });
});

describe('types', () => {
  it('of pages and of the wire say the same', () => {
    expectTypeOf<Choice>().toExtend<VoteChoice>();
    expectTypeOf<Exclude<Choice, { type: 'pair' }>['type']>().toEqualTypeOf<Exclude<VoteChoice['type'], 'pair'>>();
    expectTypeOf<Omit<Prompt, 'answer'>>().toExtend<{ [K in keyof OwnPrompt]?: OwnPrompt[K] | undefined }>();
    expectTypeOf<HTMLElementTagNameMap['prefloop-compare']>().toEqualTypeOf<PrefloopCompare>();
    expectTypeOf<HTMLElementEventMap['prefloop:vote']>().toEqualTypeOf<WidgetEvents['prefloop:vote']>();
  });
});
