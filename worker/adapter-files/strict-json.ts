/** JSON that every reader understands alike: no key twice in one object, numbers as plain integers where asked. */
import { Problem } from './problem.ts';

const MAX_DEPTH = 32;

/**
 * Parses `text`. JSON.parse keeps the last of two equal keys and other readers the first, so that a checker and a
 * loader could see two different files behind one hash: such text is refused. With `integers`, so is 8.0 or 1e3.
 */
export function parseStrictJson(text: string, { integers = false } = {}): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem('is not valid JSON');
  }
  checkTokens(text, integers);
  return value;
}

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\]:,]/gs;

/** Walks the tokens of valid JSON: a string right before a colon is a key of the innermost object. */
function checkTokens(text: string, integers: boolean): void {
  const keys: Set<string>[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') keys.push(new Set());
    else if (token === '}' || token === ']') keys.pop();
    else if (token === ':') addKey(keys.at(-1), last.includes('\\') ? JSON.parse(last) : last.slice(1, -1));
    else if (integers && token !== ',' && !token.startsWith('"') && !/^\d+$/.test(token)) {
      throw new Problem(`has the number ${token}, where only plain integers belong`);
    }
    if (keys.length > MAX_DEPTH) throw new Problem('is nested too deeply');
    last = token;
  }
}

function addKey(keys: Set<string> | undefined, key: string): void {
  if (!key.isWellFormed()) throw new Problem('has a key with a lone surrogate');
  if (keys?.has(key)) throw new Problem(`has the key ${JSON.stringify(key)} twice`);
  keys?.add(key);
}
