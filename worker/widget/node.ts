/** Elements without markup: text goes in as text, so nothing that a model wrote is ever parsed as HTML. */

type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

/** An element; functions are listeners, `true` an empty attribute, `false` and undefined none. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children);
  return node;
}

/** A button that says `label`; `key` names it, so that the focus finds it again after a change. */
export function makeButton(
  key: string,
  label: string,
  click: () => void,
  attributes: Attributes = {},
  ...children: Node[]
): HTMLButtonElement {
  return make('button', { type: 'button', 'data-key': key, click, ...attributes }, label, ...children);
}
