/** How numbers and times are said on this page. */
import { count } from '../../../shared/alarms/words.ts';

export { count, fixed, list, plural, short, signed, votes } from '../../../shared/alarms/words.ts';

/** "just now", "40 seconds ago", "2 minutes ago", "3 days ago". */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 90) return `${seconds} seconds ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} minutes ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} hours ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

export const moment = (time: number) =>
  new Date(time)
    .toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
    .replaceAll(' ', '\u00a0');

export const percent = (value: number) => `${Math.round(value * 100)} %`;

/** Three digits that count; a true minus. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const digits = size === 0 || Number.isInteger(value) ? 0 : size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.0995 ? 2 : 3;
  const said = size >= 1e6 || (size > 0 && size < 5e-4) ? value.toPrecision(2) : value.toFixed(digits);
  return (Number.isInteger(value) && size < 1e6 ? count(value) : said).replace('-', '−');
}
