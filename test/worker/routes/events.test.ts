import { expect, it } from 'vitest';
import { createClient } from '../../../shared/client/client.ts';
import { DomainLive } from '../../../shared/contracts/console.ts';
import { describeOnHosts, type TestProject } from '../hosts.ts';
import { importedVote, importedVotes } from '../votes.ts';

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** The states that a stream tells, each checked against its contract. */
async function* statesOf(response: Response): AsyncGenerator<DomainLive> {
  const reader = (response.body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    rest += part.value;
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data) yield DomainLive.parse(JSON.parse(data));
    }
  }
}

/** The first state with so many votes waiting: a minute that ends meanwhile is told too. */
async function stateWith(states: AsyncGenerator<DomainLive>, waiting: number): Promise<DomainLive> {
  for (;;) {
    const { value } = await states.next();
    if (!value) throw new Error('the stream ended');
    if (value.preferences.waiting === waiting) return value;
  }
}

describeOnHosts('events', (edge) => {
  async function setUp() {
    const project = await edge.createProject();
    await project.createDomain({ holdOut: 0 });
    await project.createDomain({ id: 'others' });
    return project;
  }
  const open = async (bearer: string, signal?: AbortSignal) =>
    fetch(`${edge.url}/v1/domains/replies/events`, {
      headers: { authorization: `Bearer ${bearer}` },
      ...(signal && { signal }),
    });
  const vote = (project: TestProject, domain: string, count: number) => {
    const items = importedVotes(count).map((one) => ({ ...one, comparison: { ...one.comparison, domain } }));
    return edge.get('POST', '/v1/preferences/bulk', { bearer: project.admin, body: { items } });
  };

  it('tell at once how a domain is, and again when a vote comes in', async () => {
    const project = await setUp();
    const leave = new AbortController();
    const response = await open(project.admin, leave.signal);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const states = statesOf(response);
    const { value: first } = await states.next();
    expect(first).toMatchObject({
      ...{ head: null, live: null, newestAdapter: null, lastMoveAt: null, notTrainable: {} },
      ...{ preferences: { waiting: 0 }, batches: { ready: 0, leased: 0, completed: 0, quarantined: 0 } },
    });
    expect(first?.votesPerMinute).toEqual(new Array(60).fill(0));
    await vote(project, 'others', 2);
    await vote(project, 'replies', 3);
    const second = await stateWith(states, 3);
    // The minute may have ended between the votes and the look at them.
    expect(sum(second.votesPerMinute.slice(-2))).toBe(3);
    leave.abort();
  });

  it('count a vote once, however often it is sent, and skips too; a minute is forgotten after an hour', async () => {
    const project = await setUp();
    const one = importedVote(0);
    const skipped = importedVote(1, { choice: { type: 'skip' } });
    for (const body of [one, one, skipped]) await edge.get('POST', '/v1/preferences', { bearer: project.admin, body });
    const recent = async () => {
      const leave = new AbortController();
      const { value } = await statesOf(await open(project.admin, leave.signal)).next();
      leave.abort();
      return (value as DomainLive).votesPerMinute;
    };
    expect(sum(await recent())).toBe(2);
    await edge.restart({ CLOCK_OFFSET_MS: String(30 * 60_000) });
    await vote(project, 'replies', 4);
    const later = await recent();
    expect(later.at(-1) || later.at(-2)).toBe(4);
    expect(sum(later.slice(20, 35))).toBe(2);
    await edge.restart({ CLOCK_OFFSET_MS: String(61 * 60_000) });
    expect(sum(await recent())).toBe(4);
    await edge.restart({ CLOCK_OFFSET_MS: '0' });
  });

  it('count batches by state, as the statistics do', async () => {
    const project = await setUp();
    await edge.get('PATCH', '/v1/domains/replies', { bearer: project.admin, body: { batchSize: 2 } });
    await vote(project, 'replies', 2);
    const runner = await project.createKey(['train']);
    const body = { runner: 'r', baseModel: 'tiny' };
    const lease = await edge.call('POST', '/v1/batches/lease', { bearer: runner, body });
    expect(lease.status).toBe(200);
    const { value } = await statesOf(await open(project.admin)).next();
    expect(value?.batches).toEqual({ ready: 0, leased: 1, completed: 0, quarantined: 0 });
    const stats = await edge.get('GET', '/v1/domains/replies/stats', { bearer: project.admin });
    expect(stats.batches).toEqual(value?.batches);
  });

  it('end soon after the key was revoked', async () => {
    const project = await setUp();
    const body = { name: 'watcher', kind: 'secret', scopes: ['train'] };
    const { secret, key } = await edge.get('POST', '/v1/keys', { bearer: project.admin, body });
    const states = statesOf(await open(secret));
    expect((await states.next()).done).toBe(false);
    await edge.get('DELETE', `/v1/keys/${key.id}`, { bearer: project.admin });
    expect((await states.next()).done).toBe(true);
  });

  it('are for secret keys, of a domain that exists', async () => {
    const project = await setUp();
    expect((await open(await project.createUserToken('ann'))).status).toBe(403);
    const missing = await edge.call('GET', '/v1/domains/nothing/events', { bearer: project.admin });
    expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('are told to the console’s own page by its cookie, and to no other page', async () => {
    const project = await setUp();
    const body = { key: project.admin };
    const session = await edge.call('POST', '/console/session', { body, headers: { origin: edge.url } });
    const cookie = /^[^;]+/.exec(session.headers.get('set-cookie') ?? '')?.[0] ?? '';
    const leave = new AbortController();
    const read = (headers: Record<string, string>) =>
      fetch(`${edge.url}/v1/domains/replies/events`, { headers, signal: leave.signal });
    const own = await read({ cookie });
    expect(own.headers.get('access-control-allow-origin')).toBeNull();
    expect((await statesOf(own).next()).value?.preferences.waiting).toBe(0);
    const foreign = await read({ cookie, origin: 'https://elsewhere.example' });
    expect(foreign.status).toBeGreaterThanOrEqual(400);
    await foreign.body?.cancel();
    leave.abort();
  });

  it('go on for a client that watches, over a restart of the edge', async () => {
    const project = await setUp();
    const leave = new AbortController();
    // The edge comes back on another port, as it does behind a load balancer.
    const moved = (url: string, init: RequestInit) => fetch(new URL(new URL(url).pathname, edge.url), init);
    const { watchDomain } = createClient({ edge: edge.url, token: project.admin, fetch: moved, retries: 50 });
    const states = watchDomain('replies', { signal: leave.signal });
    expect(DomainLive.parse((await states.next()).value).preferences.waiting).toBe(0);
    await vote(project, 'replies', 1);
    await stateWith(states, 1);
    const next = stateWith(states, 2);
    await edge.restart();
    await edge.get('POST', '/v1/preferences', { bearer: project.admin, body: importedVote(7) });
    await next;
    const last = states.next();
    leave.abort(new Error('enough'));
    await expect(last).rejects.toThrow('enough');
  });
});
