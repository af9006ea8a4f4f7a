/** Votes as JSON Lines of a format that trainers read, made in this browser. */

import { toRowsOf } from '../../../shared/formats/preference-rows.ts';
import { asChat, type FormatName, formatNames, printLine } from '../../../shared/formats/print-line.ts';
import { make } from './node.ts';
import { edge, sayError } from './session.ts';
import { count, plural } from './words.ts';

const WORDS: Record<FormatName, string> = {
  trl: 'TRL: prompt, chosen, rejected',
  openai: 'OpenAI preference fine-tuning',
  hh: 'HH transcripts',
  'trl-unpaired': 'TRL unpaired: prompt, completion, label',
  ultrafeedback: 'UltraFeedback ratings',
  'trl-stepwise': 'TRL stepwise: steps and labels',
  'bigbench-mistake': 'BIG-bench mistake',
};

export function exportForm(domain: string): HTMLElement {
  const format = make(
    'select',
    { id: 'export-format' },
    ...formatNames.map((name) => make('option', { value: name }, WORDS[name])),
  );
  const go = make('button', { class: 'strong', type: 'submit' }, 'Download');
  const said = make('p', { class: 'note', role: 'status' });

  async function download(): Promise<void> {
    go.disabled = true;
    const name = format.value as FormatName;
    const lines: string[] = [];
    let read = 0;
    let left = 0;
    try {
      for await (const vote of edge.eachPreference({ domain, limit: 500 })) {
        read += 1;
        if (read % 500 === 0) said.textContent = `${plural(read, 'vote')} read…`;
        const rows = toRowsOf(name, vote);
        if (typeof rows === 'string') {
          left += 1;
          continue;
        }
        for (const row of rows) {
          const printed = printLine(name, asChat(row), {});
          if ('line' in printed) lines.push(`${printed.line}\n`);
          else left += 1;
        }
      }
      save(`${domain}-${name}.jsonl`, new Blob(lines, { type: 'application/jsonl' }));
      said.textContent = `${plural(lines.length, 'row')} of ${plural(read, 'vote')}${left > 0 ? `; ${count(left)} say nothing in this format` : ''}.`;
    } catch (error) {
      said.textContent = `Nothing was written: ${sayError(error)}`;
    } finally {
      go.disabled = false;
    }
  }

  const submit = (event: Event) => {
    event.preventDefault();
    void download();
  };
  return make(
    'form',
    { submit },
    make('div', { class: 'field' }, make('label', { for: 'export-format' }, 'Format'), format),
    make('div', { class: 'actions' }, go),
    said,
  );
}

function save(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  make('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
