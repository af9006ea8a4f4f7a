/** The door: an admin key is exchanged for a session, once, and kept nowhere. */
import type { ConsoleSession } from '../../../shared/contracts/console.ts';
import { make } from './node.ts';
import { sayError, signIn } from './session.ts';

export function showSignIn(main: HTMLElement, message: string, entered: (session: ConsoleSession) => void): void {
  const said = make('p', { class: 'note', role: 'alert' }, message);
  const key = make('input', {
    id: 'key',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
    'aria-describedby': 'key-help',
  });
  const go = make('button', { class: 'strong', type: 'submit' }, 'Sign in');
  const submit = async (event: Event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      const session = await signIn(key.value.trim());
      key.value = '';
      entered(session);
    } catch (error) {
      said.textContent = sayError(error);
      key.select();
    } finally {
      go.disabled = false;
    }
  };
  main.replaceChildren(
    make(
      'div',
      { class: 'door' },
      make('h1', { tabindex: -1 }, 'What has it learned?'),
      make('p', {}, 'Which votes came in, what they became, who gave them, and whether it did harm.'),
      make(
        'form',
        { submit: (event: Event) => void submit(event) },
        make('label', { for: 'key' }, 'Admin key'),
        make('div', { class: 'together' }, key, go),
        make(
          'p',
          { class: 'help', id: 'key-help' },
          'It begins with sk_. It opens a session of 12 hours and is not kept in this browser.',
        ),
        said,
      ),
    ),
  );
  key.focus();
}
