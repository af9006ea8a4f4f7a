import { expect, it } from 'vitest';
import committed from '../../../worker/openapi.json' with { type: 'json' };
import { describeOnHosts } from '../hosts.ts';

describeOnHosts('the documentation', (edge) => {
  it('is the OpenAPI document that the repository carries', async () => {
    const { status, body, headers } = await edge.call('GET', '/openapi.json');
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(body).toEqual(committed);
  });

  it('describes no null where null is refused', () => {
    expect(committed.openapi).toBe('3.1.0');
    const { AdapterInput } = committed.components.schemas;
    expect(AdapterInput.properties.parent).toMatchObject({
      anyOf: [{ $ref: '#/components/schemas/Sha256' }, { type: 'null' }],
    });
    expect(JSON.stringify(committed)).not.toContain('"allOf"');
  });

  it('can be browsed, and loads nothing from elsewhere', async () => {
    const page = await edge.call('GET', '/docs');
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const linked = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
    expect(linked.length).toBeGreaterThan(2);
    for (const link of linked) expect(link).toMatch(/^(\/docs\/|data:)/);
    for (const [path, type, start] of [
      ['/docs/swagger-ui-bundle.js', 'text/javascript', 'SwaggerUIBundle'],
      ['/docs/swagger-ui.css', 'text/css', '.swagger-ui'],
      ['/docs/start.js', 'text/javascript', '/openapi.json'],
    ] as const) {
      const file = await edge.call('GET', path);
      expect([file.status, file.headers.get('content-type')]).toEqual([200, expect.stringContaining(type)]);
      expect(file.body).toContain(start);
    }
  });
});
