import { expect, it } from 'vitest';
import { describeOnHosts, ROOT_KEY } from './hosts.ts';

describeOnHosts('the frame', (edge) => {
  it('says that it is healthy', async () => {
    const { status, body } = await edge.call('GET', '/v1/health');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', host: edge.host, database: true, files: true, inference: null });
  });

  it('answers every error in one shape, with the id of the request', async () => {
    const { status, body, headers } = await edge.call('GET', '/v1/nowhere', { bearer: ROOT_KEY });
    expect(status).toBe(403);
    expect(Object.keys(body).sort()).toEqual(['code', 'message', 'requestId']);
    expect(headers.get('x-request-id')).toBe(body.requestId);
  });
});
