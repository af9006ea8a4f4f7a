/** Elements of this page. Text goes in as text; drawings are built node by node; no style attribute is ever written. */
import { make } from '../../widget/node.ts';

export { make };

const SVG = 'http://www.w3.org/2000/svg';

export function draw(tag: string, attributes: Record<string, string | number>, ...children: Node[]): SVGElement {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

export type Child = Node | string | null | false | undefined;

const keep = (children: Child[]) =>
  children.filter((child) => child !== null && child !== false && child !== undefined);

export const text = (...children: Child[]) => make('p', {}, ...(keep(children) as (Node | string)[]));
export const note = (...children: Child[]) => make('p', { class: 'note' }, ...(keep(children) as (Node | string)[]));

/** What stands where nothing is yet: it says what will appear, and when. */
export const empty = (...children: Child[]) => make('p', { class: 'empty' }, ...(keep(children) as (Node | string)[]));

export function button(label: string, press: () => void, className = 'quiet'): HTMLButtonElement {
  return make('button', { type: 'button', class: className, click: press }, label);
}

export function section(title: string, ...children: Child[]): HTMLElement {
  return make('section', {}, make('h2', {}, title), ...(keep(children) as (Node | string)[]));
}

/** Wide ones scroll by themselves, by keyboard too. */
export function table(caption: string, heads: Child[], rows: Child[][]): HTMLElement {
  const cells = (tag: 'th' | 'td', row: Child[]) =>
    row.map((cell, column) => {
      const scope = tag === 'th' ? 'col' : column === 0 ? 'row' : undefined;
      return make(scope === 'row' ? 'th' : tag, { scope }, ...(keep([cell]) as (Node | string)[]));
    });
  const whole = make(
    'table',
    {},
    make('caption', { class: 'unseen' }, caption),
    make('thead', {}, make('tr', {}, ...cells('th', heads))),
    make('tbody', {}, ...rows.map((row) => make('tr', {}, ...cells('td', row)))),
  );
  return make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption }, whole);
}

/** New children in the place of the old; what had the focus, or was unfolded, is so again. */
export function refill(place: HTMLElement, ...children: Child[]): void {
  const focused = place.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  const opened = [...place.querySelectorAll('details[open]')].map(keyOf);
  place.replaceChildren(...(keep(children) as (Node | string)[]));
  for (const details of place.querySelectorAll('details')) {
    if (opened.includes(keyOf(details))) details.open = true;
  }
  if (focused === null) return;
  const found = [...place.querySelectorAll<HTMLElement>('a, button, input, select, textarea, summary, [tabindex]')];
  found.find((node) => keyOf(node) === focused)?.focus({ preventScroll: true });
}

function keyOf(node: Element | null): string {
  const name = node?.getAttribute('data-key') ?? node?.getAttribute('href') ?? node?.getAttribute('aria-label');
  return `${node?.localName} ${name ?? node?.textContent?.slice(0, 80)}`;
}
