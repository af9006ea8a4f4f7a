/** The console: who is signed in. */
import type { ConsoleSession, ConsoleSessionInput } from '../../../shared/contracts/console.ts';
import type { ErrorBody } from '../../../shared/contracts/error.ts';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const [form, key, who, leave] = [
  element<HTMLFormElement>('sign-in'),
  element<HTMLInputElement>('key'),
  element('who'),
  element<HTMLButtonElement>('sign-out'),
];

async function call(method: string, body?: ConsoleSessionInput): Promise<void> {
  const json = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch('/console/session', { method, ...json });
  const answer = response.status === 204 ? null : ((await response.json()) as ConsoleSession | ErrorBody);
  const session = answer && 'project' in answer ? answer : null;
  form.hidden = session !== null;
  leave.hidden = session === null;
  who.textContent = session
    ? `Signed in to ${session.project.name}.`
    : answer && 'message' in answer
      ? answer.message
      : '';
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  await call('POST', { key: key.value });
  key.value = '';
});
leave.addEventListener('click', () => call('DELETE'));
await call('GET');
