/** The project's keys: made (and shown once), listed, revoked. */
import type { ConsoleSession } from '../../../shared/contracts/console.ts';
import type { Key, Scope } from '../../../shared/contracts/key.ts';
import { button, make, note, refill, table } from './node.ts';
import { edge, sayError } from './session.ts';
import { moment } from './words.ts';

const SCOPES: Record<Scope, string> = {
  admin: 'everything',
  ingest: 'write prompts, outputs and votes',
  train: 'lease batches and publish adapters',
  infer: 'ask for outputs',
};

export function keysForm(session: ConsoleSession): HTMLElement {
  const listed = make('div');
  const said = make('div', { role: 'status' });
  const name = make('input', { id: 'key-name', type: 'text', maxlength: 100, required: true, autocomplete: 'off' });
  const boxes = (Object.keys(SCOPES) as Scope[]).map((scope) => ({
    scope,
    input: make('input', { type: 'checkbox', value: scope }),
  }));
  const scopes = make(
    'fieldset',
    { class: 'choice wide' },
    make('legend', {}, 'It may'),
    ...boxes.map(({ scope, input }) =>
      make('label', { class: 'tick' }, input, make('span', {}, make('b', {}, scope), ` ${SCOPES[scope]}`)),
    ),
  );
  const isPublic = make('input', { type: 'checkbox', id: 'key-public' });
  isPublic.addEventListener('change', () => {
    scopes.hidden = isPublic.checked;
  });

  async function show(): Promise<void> {
    try {
      const { items } = await edge.listKeys();
      refill(
        listed,
        table(
          'Keys',
          ['Name', 'Begins with', 'May', 'Made', 'Revoked'],
          items.map((key) => [
            key.name,
            make('code', {}, `${key.kind === 'secret' ? 'sk' : 'pk'}_${key.id.slice(0, 8)}…`),
            key.scopes.join(', ') || 'vote from listed pages',
            moment(key.createdAt),
            end(key),
          ]),
        ),
      );
    } catch (error) {
      refill(listed, note(`The keys could not be read: ${sayError(error)}`));
    }
  }

  function end(key: Key): Node | string {
    if (key.revokedAt !== null) return `revoked ${moment(key.revokedAt)}`;
    const isOwn = key.id === session.key;
    const revoke = button('Revoke', () => {
      // Asked twice, in the same place: what uses the key stops working for good.
      const sure = button(
        isOwn ? 'Yes, and sign me out' : 'Yes, for good',
        () => void edge.revokeKey(key.id).then(show, (error) => refill(said, note(sayError(error)))),
        'quiet failed',
      );
      revoke.replaceWith(
        make(
          'span',
          {},
          sure,
          button('No', () => void show()),
        ),
      );
      sure.focus();
    });
    revoke.setAttribute('aria-label', `Revoke ${key.name}`);
    return make('span', {}, revoke, isOwn ? make('span', { class: 'about' }, 'you are signed in with it') : '');
  }

  const create = async (event: Event) => {
    event.preventDefault();
    try {
      const kind = isPublic.checked ? 'public' : 'secret';
      const chosen = kind === 'public' ? [] : boxes.filter(({ input }) => input.checked).map(({ scope }) => scope);
      const { secret } = await edge.createKey({ name: name.value, kind, scopes: chosen });
      const copy = button(
        'Copy',
        () => void navigator.clipboard.writeText(secret).then(() => copy.replaceChildren('Copied')),
      );
      refill(
        said,
        make(
          'div',
          { class: 'secret' },
          make('p', {}, 'This is the key. It is shown now and never again.'),
          make('p', {}, make('code', { class: 'whole' }, secret), ' ', copy),
        ),
      );
      name.value = '';
      await show();
    } catch (error) {
      refill(said, note(`No key was made: ${sayError(error)}`));
    }
  };

  void show();
  const form = make(
    'form',
    { class: 'key-form', submit: (event: Event) => void create(event) },
    make('div', { class: 'field' }, make('label', { for: 'key-name' }, 'A new key, for'), name),
    scopes,
    make('label', { class: 'tick' }, isPublic, 'A public key: it may stand in a page, and only votes'),
    make('div', { class: 'actions' }, make('button', { class: 'strong', type: 'submit' }, 'Make it')),
  );
  return make('div', {}, listed, form, said);
}
