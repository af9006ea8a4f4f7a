import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from '../env.ts';

/** Methods that have a handler at `path`; empty where nothing lives there. */
export function allowedMethods(app: OpenAPIHono<Env>, path: string): string[] {
  const methods = new Set<string>();
  for (const route of app.routes) {
    if (route.method !== 'ALL' && asPattern(route.path).test(path)) methods.add(route.method);
  }
  return [...methods].sort();
}

function asPattern(path: string): RegExp {
  const escaped = path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+');
  return new RegExp(`^${escaped}$`);
}
