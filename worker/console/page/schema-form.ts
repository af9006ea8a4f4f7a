/** A form made from a schema: bounds, defaults and descriptions come from there, and errors stand beside their fields. */
import { EdgeError } from '../../../shared/client/client.ts';
import { make, refill } from './node.ts';
import type { Document, Schema } from './schema.ts';
import { type Control, control } from './schema-field.ts';
import { sayError } from './session.ts';

/** `save` gets all properties; one that is empty is left out. */
export function openForm(
  document: Document,
  name: string,
  properties: Record<string, Schema>,
  values: Record<string, unknown>,
  save: (value: Record<string, unknown>) => Promise<void>,
): HTMLElement {
  const controls = Object.entries(properties).map(([key, schema]): [string, Control] => [
    key,
    control(document, schema, [name, key], values[key]),
  ]);
  const said = make('p', { class: 'note', role: 'status' });
  const go = make('button', { class: 'strong', type: 'submit' }, 'Save');

  const submit = async (event: Event) => {
    event.preventDefault();
    for (const problem of form.querySelectorAll('.problem')) problem.replaceChildren();
    for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
    go.disabled = true;
    said.textContent = 'Saving…';
    try {
      await save(
        Object.fromEntries(controls.map(([key, { read }]) => [key, read()]).filter(([, value]) => value !== undefined)),
      );
      said.textContent = 'Saved.';
    } catch (error) {
      said.textContent = showIssues(form, name, error)
        ? 'Not saved: see the marked fields.'
        : `Not saved: ${sayError(error)}`;
      form.querySelector<HTMLElement>('[aria-invalid]')?.focus();
    } finally {
      go.disabled = false;
    }
  };
  const form = make(
    'form',
    { class: 'schema', novalidate: true, submit: (event: Event) => void submit(event) },
    make('div', { class: 'fields' }, ...controls.map(([, { node }]) => node)),
    make('div', { class: 'actions' }, go),
    said,
  );
  form.addEventListener('input', () => refill(said));
  return form;
}

/** The edge names each wrong field by its path. */
function showIssues(form: HTMLElement, name: string, error: unknown): boolean {
  if (!(error instanceof EdgeError) || !error.issues?.length) return false;
  let shown = 0;
  for (const { path, message } of error.issues) {
    const id = [name, ...path.split('.')].join('-');
    const input = form.querySelector(`[id="${CSS.escape(id)}"]`);
    const problem = form.querySelector(`[id="${CSS.escape(id)}-problem"]`);
    if (!input || !problem) continue;
    problem.textContent = message;
    input.setAttribute('aria-invalid', 'true');
    shown += 1;
  }
  return shown === error.issues.length;
}
