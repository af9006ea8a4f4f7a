/** Where one is: `#/domains/{domain}/{view}/…`. A copied address shows another person the same. */
export const VIEWS = {
  now: 'Now',
  learning: 'Learning',
  adapters: 'Adapters',
  harm: 'Harm',
  people: 'People',
  answers: 'Answers',
  settings: 'Settings',
} as const;

export type ViewName = keyof typeof VIEWS;

export type Address = { domain: string; view: ViewName; rest: string[] };

/** null = it names no domain. A view that does not exist is Now. */
export function readAddress(hash: string): Address | null {
  const [noun, domain, view = 'now', ...rest] = hash.replace(/^#\/?/, '').split('/').map(decode);
  if (noun !== 'domains' || !domain) return null;
  return { domain, view: Object.hasOwn(VIEWS, view) ? (view as ViewName) : 'now', rest: rest.filter(Boolean) };
}

export function writeAddress(domain: string, view: ViewName, ...rest: string[]): string {
  return `#/domains/${[domain, view, ...rest].map(encodeURIComponent).join('/')}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
