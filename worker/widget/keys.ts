/** What a key means: nothing while somebody types, and nothing with modifiers but for the usual way to undo. */
import { OTHER_KEYS, type Other } from './frame.ts';

/** 'undo', one of the others, or the key itself; null = it means nothing here. */
export function readKey(event: KeyboardEvent): Other | 'undo' | { key: string } | null {
  const from = event.composedPath()[0] as HTMLElement;
  const typing = from.matches?.('textarea, select, input:not([type=radio])') || from.isContentEditable;
  if (event.defaultPrevented || event.repeat || event.altKey || typing) return null;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return key === 'z' && !event.shiftKey ? 'undo' : null;
  if (key === 'u') return 'undo';
  const other = (Object.keys(OTHER_KEYS) as Other[]).find((each) => OTHER_KEYS[each] === key);
  return other ?? { key };
}
