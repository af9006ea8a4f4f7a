/** /widget.js: <prefloop-compare> in one file, for any page; and its manifest. */
import { Hono } from 'hono';
import { sha256Text } from '../../shared/math/sha256.ts';
import type { Env } from '../env.ts';
import manifest from './custom-elements.json' with { type: 'json' };
import { widgetScript } from './widget.generated.js';

/** Pages of other origins load it; they ask again after five minutes, and get 304 when nothing changed. */
const HEADERS = {
  'access-control-allow-origin': '*',
  'cache-control': 'public, max-age=300',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
};

export const widget = new Hono<Env>();

let etag: string | undefined;

widget.get('/widget.js', (c) => {
  etag ??= `"${sha256Text(widgetScript).slice(0, 32)}"`;
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, { ...HEADERS, etag });
  return c.body(widgetScript, 200, { ...HEADERS, etag, 'content-type': 'text/javascript; charset=utf-8' });
});

widget.get('/widget/custom-elements.json', (c) => c.json(manifest, 200, HEADERS));
