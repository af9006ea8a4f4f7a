/** Settings: how a domain learns, who may call, and the votes as a file. */
import type { DomainPatch } from '../../../shared/contracts/domain.ts';
import { exportForm } from './export.ts';
import { keysForm } from './keys.ts';
import { empty, make, note, refill, section } from './node.ts';
import { type Document, resolve, type Schema } from './schema.ts';
import { openForm } from './schema-form.ts';
import { ask, edge, sayError } from './session.ts';
import { title, type View } from './view.ts';

/** In the order in which they are asked; without keys: all that can be changed besides. */
const PARTS: { name: string; title: string; words: string; keys: (keyof DomainPatch)[] }[] = [
  {
    name: 'recipe',
    title: 'Recipe',
    words: 'How a batch is trained. It holds from the next batch on; what was learned stays.',
    keys: ['recipe'],
  },
  {
    name: 'gates',
    title: 'Gates',
    words: 'What must hold before an adapter answers. An empty field is measured and not checked.',
    keys: ['gates'],
  },
  {
    name: 'rest',
    title: 'Batches and answers',
    words: 'When a batch is formed, how long a runner may hold it, and how answers are drawn.',
    keys: [],
  },
];

export const openSettings: View = ({ place, domain, session, refresh }) => {
  const forms = make('div');
  place.append(
    title('How does it learn?'),
    forms,
    section('Keys', keysForm(session)),
    section('The votes as a file', exportForm(domain)),
  );

  async function build(): Promise<void> {
    try {
      const [document, current] = await Promise.all([ask<Document>('GET', '/openapi.json'), edge.getDomain(domain)]);
      const patch = resolve(document, { $ref: '#/components/schemas/DomainPatch' });
      const described = resolve(document, { $ref: '#/components/schemas/DomainInput' });
      const fixed = note(
        `Base model ${current.baseModel}, ${Math.round(current.holdOut * 100)} % held out by ${current.splitBy}: these stay as they were made.`,
      );
      const named = PARTS.flatMap(({ keys }) => keys as string[]);
      const others = Object.keys(patch.properties ?? {}).filter((key) => !named.includes(key));
      const made = PARTS.map((part) => {
        const keys = part.keys.length > 0 ? part.keys : (others as typeof part.keys);
        const properties = Object.fromEntries(
          keys.map((key) => [key, { ...described.properties?.[key], ...patch.properties?.[key] } as Schema]),
        );
        const save = async (value: Record<string, unknown>) => {
          await edge.updateDomain(domain, value as never);
          await refresh();
        };
        const values = Object.fromEntries(keys.map((key) => [key, current[key]]));
        return section(part.title, note(part.words), openForm(document, part.name, properties, values, save));
      });
      refill(forms, fixed, ...made);
    } catch (error) {
      refill(forms, empty(`The settings could not be read: ${sayError(error)}`));
    }
  }

  void build();
  return { update: () => {} };
};
