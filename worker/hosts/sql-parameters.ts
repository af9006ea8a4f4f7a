/** D1's cap on the parameters of one query. */
export const MAX_PARAMETERS = 100;

// Text, names and comments, in which a question mark is no parameter; then parameters themselves.
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|\?(\d*)/g;

/** How many values a statement binds: the largest ?N, where a plain ? is one more than the largest before it. */
export function countParameters(sql: string): number {
  let largest = 0;
  for (const match of sql.matchAll(TOKEN)) {
    if (match[1] === undefined) continue;
    largest = match[1] === '' ? largest + 1 : Math.max(largest, Number(match[1]));
  }
  return largest;
}
