/**
 * The part of Markdown that answers are read for: headings, lists, quotes, code, emphasis, links. Built node by node;
 * what is not understood stays text. Every pattern is bounded, so that a hostile text costs linear time.
 */
import { make } from './node.ts';

const INLINE =
  /`([^`]{1,2000})`|\*\*([^*\n]{1,2000})\*\*|\*([^*\s][^*\n]{0,2000})\*|(?<![\w_])_([^_\s][^_\n]{0,2000})_(?!\w)|\[([^[\]\n]{1,500})\]\((https?:\/\/[^\s()]{1,2000})\)/g;
const ITEM = /^( {0,9})(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const FENCE = /^ {0,3}(```|~~~)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const MAX_DEPTH = 6;

export function renderMarkdown(text: string): Node[] {
  return blocks(text.replaceAll('\r\n', '\n').split('\n'), 0);
}

/** What is emphasised holds no mark of its own kind: the nesting ends by itself. */
function inline(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, heavy, soft, soft2, label, address] = found;
    nodes.push(text.slice(end, found.index));
    end = found.index + whole.length;
    const light = soft ?? soft2;
    if (code !== undefined) nodes.push(make('code', {}, code));
    else if (heavy !== undefined) nodes.push(make('strong', {}, ...inline(heavy)));
    else if (light !== undefined) nodes.push(make('em', {}, ...inline(light)));
    else nodes.push(make('a', { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' }, label ?? ''));
  }
  nodes.push(text.slice(end));
  return nodes;
}

function blocks(lines: string[], depth: number): Node[] {
  const made: Node[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line);
    let end = at + 1;
    if (line.trim() === '') {
      // Between blocks.
    } else if (fence) {
      while (end < lines.length && !lines[end]?.trimStart().startsWith(fence)) end++;
      made.push(make('pre', { dir: 'ltr' }, make('code', {}, lines.slice(at + 1, end).join('\n'))));
      end++;
    } else if (heading) {
      made.push(make('p', { class: 'heading' }, ...inline(heading[2] ?? '')));
    } else if (depth < MAX_DEPTH && QUOTE.test(line)) {
      while (QUOTE.test(lines[end] ?? '')) end++;
      const quoted = lines.slice(at, end).map((each) => QUOTE.exec(each)?.[1] ?? '');
      made.push(make('blockquote', {}, ...blocks(quoted, depth + 1)));
    } else if (depth < MAX_DEPTH && ITEM.test(line)) {
      while (end < lines.length && (ITEM.test(lines[end] ?? '') || /^\s{2,}\S/.test(lines[end] ?? ''))) end++;
      made.push(list(lines.slice(at, end), depth));
    } else {
      while (end < lines.length && !startsBlock(lines[end] ?? '')) end++;
      made.push(paragraph(lines.slice(at, end)));
    }
    at = end;
  }
  return made;
}

function startsBlock(line: string): boolean {
  return line.trim() === '' || [FENCE, HEADING, QUOTE, ITEM].some((start) => start.test(line));
}

/** Line ends are kept: answers use them for addresses, verses and steps. */
function paragraph(lines: string[]): Node {
  const parts = lines.flatMap((line, n) => (n === 0 ? inline(line) : [make('br'), ...inline(line)]));
  return make('p', {}, ...parts);
}

/** Lines of one list; what is indented deeper than its first item belongs to the item above. */
function list(lines: string[], depth: number): Node {
  const [, indent = '', number] = ITEM.exec(lines[0] ?? '') ?? [];
  const items: string[][] = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item && (item[1] ?? '').length <= indent.length + 1) items.push([item[3] ?? '']);
    else items.at(-1)?.push(line.slice(Math.min(indent.length + 2, line.search(/\S/))));
  }
  const children = items.map(([first = '', ...rest]) =>
    make('li', {}, ...inline(first), ...(rest.length > 0 ? blocks(rest, depth + 1) : [])),
  );
  return number === undefined ? make('ul', {}, ...children) : make('ol', { start: number }, ...children);
}
