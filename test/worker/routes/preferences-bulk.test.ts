import { describe, expect, it } from 'vitest';
import { MAX_ITEMS, type Preference } from '../../../shared/contracts/preference.ts';
import { canonicalJson } from '../../../shared/math/canonical-json.ts';
import { isHeldOut } from '../../../shared/math/hold-out.ts';
import { sha256Text } from '../../../shared/math/sha256.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { importedVote, importedVotes, textCandidate } from '../votes.ts';

type Json = Record<string, unknown>;

async function setUp(edge: TestEdge, domain: Json = {}) {
  const tenant = await edge.createProject();
  await tenant.createDomain({ holdOut: 0, ...domain });
  const ingest = await tenant.createKey(['ingest']);
  const send = (items: unknown, bearer = ingest) =>
    edge.call('POST', '/v1/preferences/bulk', { bearer, body: { items } });
  async function exported(query = ''): Promise<Preference[]> {
    const all: Preference[] = [];
    let after: number | null = 0;
    while (after !== null) {
      const page: { items: Preference[]; next: number | null } = await edge.get(
        'GET',
        `/v1/preferences?after=${after}${query}`,
        { bearer: ingest },
      );
      all.push(...page.items);
      after = page.next;
    }
    return all;
  }
  return { tenant, ingest, send, exported };
}

describeOnHosts('bulk preferences', (edge) => {
  describe('an import', () => {
    it('stores every row once, whole and in order, and adds nothing the second time', async () => {
      const { send, exported } = await setUp(edge);
      const votes = importedVotes(MAX_ITEMS);
      const { status, body } = await send(votes);
      expect(status).toBe(200);
      expect(body).toMatchObject({ created: MAX_ITEMS, duplicates: 0, rejected: 0 });
      expect(body.items[7]).toEqual({ index: 7, id: votes[7]?.id, result: 'created', status: 'waiting' });
      expect((await send(votes)).body).toMatchObject({ created: 0, duplicates: MAX_ITEMS, rejected: 0 });

      const stored = await exported('&limit=200');
      expect(stored.map(({ id }) => id)).toEqual(votes.map(({ id }) => id));
      const { id: _, ...comparison } = (stored[3] as Preference).comparison;
      expect(comparison).toMatchObject(votes[3]?.comparison as object);
      expect(comparison.candidates.every(({ origin }) => origin?.role === 'imported')).toBe(true);
    });

    it('sent twice at once stores every row once', async () => {
      const { send, exported } = await setUp(edge);
      const votes = importedVotes(200);
      const answers = await Promise.all([send(votes), send(votes), send([...votes].reverse()), send(votes.slice(50))]);
      const created = answers.map(({ body }) => body.created);
      const duplicates = answers.map(({ body }) => body.duplicates);
      expect(created.reduce((sum, n) => sum + n, 0)).toBe(200);
      expect(duplicates.reduce((sum, n) => sum + n, 0)).toBe(550);
      expect(new Set((await exported()).map(({ id }) => id)).size).toBe(200);
    });

    it('gives a comparison that comes in twice one id, and takes votes on it by that id', async () => {
      const { send, exported, tenant } = await setUp(edge);
      const one = importedVote(1, { user: 'anna' });
      await send([one, { ...one, id: uuidv7(), user: 'bert', choice: { type: 'tie' } }]);
      const [a, b] = await exported();
      expect(a?.comparison.id).toBe(b?.comparison.id);
      expect(a?.comparison.id).toMatch(/^h[0-9a-f]{40}$/);
      const more = { id: uuidv7(), user: 'carl', comparison: a?.comparison.id, choice: one.choice };
      expect((await send([more], await tenant.createKey(['ingest']))).body).toMatchObject({ created: 1 });
    });

    it('keeps long and foreign texts byte for byte', async () => {
      const { send, exported } = await setUp(edge);
      const text = `"'\\ \u2028 \u{1F600} é ${'語'.repeat(99_000)}`;
      const candidates = [textCandidate(text), textCandidate(' x\n\t')];
      const row = {
        ...importedVote(1),
        comparison: { domain: 'replies', prompt: { text }, candidates },
        choice: { type: 'tie' },
      };
      expect((await send([row, importedVote(2)])).body).toMatchObject({ created: 2 });
      const [stored] = await exported();
      expect(stored?.comparison.prompt).toEqual({ text });
      expect(stored?.comparison.candidates.map(({ content }) => content)).toEqual(
        candidates.map(({ content }) => content),
      );
    });

    it('larger than one value of the database goes in all the same', async () => {
      const { send, exported } = await setUp(edge);
      const rows = Array.from({ length: 40 }, (_, n) => {
        const candidates = ['a', 'b'].map((word) => textCandidate(`${word}${n} ${'x'.repeat(90_000)}`));
        return {
          id: uuidv7(),
          comparison: { domain: 'replies', prompt: { text: `${n}?` }, candidates },
          choice: { type: 'tie' },
        };
      });
      expect((await send(rows)).body).toMatchObject({ created: 40, rejected: 0 });
      expect((await exported('&limit=10')).at(39)?.comparison.candidates[1]?.content).toEqual(
        rows[39]?.comparison.candidates[1]?.content,
      );
    });
  });

  it('a crash loses no acknowledged vote and leaves no half of a call', async () => {
    const { send, exported } = await setUp(edge);
    const calls = Array.from({ length: 30 }, () => importedVotes(100));
    const acknowledged: typeof calls = [];
    const enough = Promise.withResolvers<void>();
    let next = 0;
    const senders = Array.from({ length: 4 }, async () => {
      for (let call = calls[next++]; call; call = calls[next++]) {
        const { body } = await send(call);
        expect(body.created).toBe(100);
        acknowledged.push(call);
        if (acknowledged.length === 8) enough.resolve();
      }
    });
    const ended = Promise.allSettled(senders);
    await enough.promise;
    await edge.crash();
    await ended;
    expect(acknowledged.length).toBeGreaterThanOrEqual(8);
    const stored = new Set((await exported('&limit=500')).map(({ id }) => id));
    for (const call of acknowledged) expect(call.every(({ id }) => stored.has(id))).toBe(true);
    for (const call of calls) expect([0, 100]).toContain(call.filter(({ id }) => stored.has(id)).length);
    expect(stored.size).toBeLessThan(3000);

    const again = await Promise.all(calls.map((call) => send(call)));
    expect(again.reduce((sum, { body }) => sum + body.duplicates, 0)).toBe(stored.size);
    expect((await exported('&limit=500')).map(({ id }) => id).toSorted()).toEqual(
      calls
        .flat()
        .map(({ id }) => id)
        .toSorted(),
    );
  }, 90_000);

  describe('every item is answered on its own', () => {
    it('with its place, its id and its reason; the good ones are stored', async () => {
      const { send, exported } = await setUp(edge);
      const good = importedVote(1);
      const [a, b] = [textCandidate('a'), textCandidate('b')];
      const inline = (rest: Json) => ({ ...importedVote(2), ...rest });
      const comparison = (rest: Json) => ({ domain: 'replies', prompt: { text: 'Q' }, candidates: [a, b], ...rest });
      const nested = Array.from({ length: 7 }, () => 'y'.repeat(99_000));
      const cases: [unknown, string][] = [
        [{ ...good, reason: 'other' }, 'idempotency_conflict'],
        [inline({ choice: { type: 'pair', chosen: uuidv7() } }), 'candidate_not_in_comparison'],
        [inline({ comparison: comparison({ domain: 'nowhere' }), choice: { type: 'tie' } }), 'not_found'],
        [inline({ comparison: comparison({ candidates: [a, a] }), choice: { type: 'tie' } }), 'invalid_request'],
        [inline({ comparison: comparison({ candidates: [a] }), choice: { type: 'tie' } }), 'invalid_request'],
        [
          inline({ comparison: comparison({ kind: 'rating' }), choice: { type: 'pair', chosen: a.id } }),
          'kind_mismatch',
        ],
        [inline({ comparison: comparison({ prompt: {} }), choice: { type: 'tie' } }), 'invalid_request'],
        [inline({ comparison: uuidv7(), choice: { type: 'tie' } }), 'not_found'],
        [inline({ supersedes: uuidv7() }), 'supersedes_unknown'],
        [inline({ assignment: 'a1.x.y' }), 'assignment_invalid'],
        [inline({ reason: 'a\0b' }), 'invalid_request'],
        [inline({ reason: 'lone \ud800' }), 'invalid_request'],
        [
          inline({ comparison: comparison({ prompt: { text: 'Q', group: '\udfff' } }), choice: { type: 'tie' } }),
          'invalid_request',
        ],
        [
          inline({
            comparison: comparison({ candidates: [a, textCandidate('z'.repeat(2_000_000))] }),
            choice: { type: 'tie' },
          }),
          'invalid_request',
        ],
        [
          inline({
            comparison: comparison({ candidates: [a, { id: uuidv7(), content: { type: 'steps', steps: nested } }] }),
            choice: { type: 'tie' },
          }),
          'too_large',
        ],
        [inline({ colour: 'red' }), 'invalid_request'],
        [inline({ id: 'seven' }), 'invalid_request'],
        [inline({ confidence: 0.2 }), 'invalid_request'],
        [null, 'invalid_request'],
        ['text', 'invalid_request'],
        [[], 'invalid_request'],
      ];
      const { status, body } = await send([good, ...cases.map(([item]) => item), importedVote(3)]);
      expect(status).toBe(200);
      expect(body.items.slice(1, -1).map(({ code }: { code: string }) => code)).toEqual(cases.map(([, code]) => code));
      expect(body).toMatchObject({ created: 2, duplicates: 0, rejected: cases.length });
      expect(body.items.every((item: { index: number }, at: number) => item.index === at)).toBe(true);
      expect(body.items.slice(1, -1).every(({ message }: { message: string }) => message.length > 10)).toBe(true);
      expect(await exported()).toHaveLength(2);
    });

    it('also when they concern one another', async () => {
      const { send, exported } = await setUp(edge);
      const one = importedVote(1, { user: 'anna' });
      const two = { ...one, id: uuidv7(), choice: { type: 'tie' }, supersedes: one.id };
      const three = { ...two, id: uuidv7() };
      const { body } = await send([one, one, { ...one, choice: { type: 'tie' } }, two, three]);
      expect(body.items.map(({ result, code }: Json) => code ?? result)).toEqual([
        'created',
        'duplicate',
        'idempotency_conflict',
        'created',
        'supersedes_unknown',
      ]);
      expect(body.items[0]).toMatchObject({ status: 'superseded' });
      expect((await exported()).map(({ status, supersededBy }) => [status, supersededBy])).toEqual([
        ['superseded', two.id],
        ['waiting', null],
      ]);
    });
  });

  describe('the call', () => {
    it('takes 500 items, not 501, and not none', async () => {
      const { send, exported } = await setUp(edge);
      expect(await send(importedVotes(MAX_ITEMS + 1))).toMatchObject({ status: 413, body: { code: 'too_many_items' } });
      expect(await send([])).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(await send('all of them')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(await exported()).toEqual([]);
    });

    it('takes JSON and nothing else', async () => {
      const { ingest } = await setUp(edge);
      const headers = { 'content-type': 'application/json' };
      const post = (raw: string) => edge.call('POST', '/v1/preferences/bulk', { bearer: ingest, raw, headers });
      expect(await post('{"items": [')).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
      expect(await post('{"items": [1], "more": 2}')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(await post(`{"items": ["${'x'.repeat(17_000_000)}"]}`)).toMatchObject({
        status: 413,
        body: { code: 'too_large' },
      });
    });

    it('needs a key that may write votes', async () => {
      const { send, tenant } = await setUp(edge);
      const forbidden = { status: 403, body: { code: 'forbidden' } };
      expect(await send(importedVotes(1), await tenant.createKey(['train', 'infer']))).toMatchObject(forbidden);
      expect(await send(importedVotes(1), await tenant.createUserToken('anna'))).toMatchObject(forbidden);
    });

    it('of one project does not meet the ids of another', async () => {
      const [here, there] = [await setUp(edge), await setUp(edge)];
      const votes = importedVotes(3);
      await here.send(votes);
      expect((await there.send(votes)).body).toMatchObject({ created: 3 });
      expect(await here.exported()).toHaveLength(3);
      const theirs = await edge.call('GET', `/v1/preferences/${importedVote(1).id}`, { bearer: here.ingest });
      expect(theirs).toMatchObject({ status: 404, body: { code: 'not_found' } });
    });
  });

  describe('the split', () => {
    it('is decided by the hash of the prompt, or of its group, when the vote comes in', async () => {
      const { send, exported, tenant } = await setUp(edge, { holdOut: 0.3 });
      const grouped = (n: number) => {
        const { comparison, ...rest } = importedVote(n);
        return { ...rest, comparison: { ...comparison, prompt: { ...comparison.prompt, group: `g${n % 20}` } } };
      };
      await send([...importedVotes(100), ...Array.from({ length: 100 }, (_, n) => grouped(n))]);
      const votes = await exported();
      for (const { comparison, status } of votes) {
        const unit = comparison.prompt.group ?? `h${sha256Text(canonicalJson(comparison.prompt)).slice(0, 40)}`;
        expect(status).toBe(isHeldOut(tenant.id, 'replies', unit, 0.3) ? 'heldOut' : 'waiting');
      }
      const held = votes.filter(({ status }) => status === 'heldOut').length;
      expect(held).toBeGreaterThan(20);
      expect(held).toBeLessThan(120);
    });

    it('is by person where the domain says so, and by prompt for votes of nobody', async () => {
      const { send, exported, tenant } = await setUp(edge, { holdOut: 0.4, splitBy: 'user' });
      await send(importedVotes(60).map((vote, n) => ({ ...vote, ...(n < 50 && { user: `user-${n % 10}` }) })));
      for (const { user, status } of (await exported()).slice(0, 50)) {
        expect(status).toBe(isHeldOut(tenant.id, 'replies', user ?? '', 0.4) ? 'heldOut' : 'waiting');
      }
      expect(new Set((await exported()).slice(50).map(({ status }) => status)).size).toBe(2);
    });

    it('never lets a held-out vote into a batch, and shows it to whoever evaluates', async () => {
      const { send, exported, tenant } = await setUp(edge, {
        holdOut: 0.5,
        batchSize: 100,
        maxWaitSeconds: 0,
        system: 'Be brief.',
      });
      const skipped = { ...importedVote(999), choice: { type: 'skip' } };
      await send([...importedVotes(40), skipped]);
      const train = await tenant.createKey(['train']);
      const lease = await edge.get('POST', '/v1/batches/lease', {
        bearer: train,
        body: { baseModel: 'tiny', runner: 'r' },
      });
      const { examples } = await edge.get('GET', '/v1/domains/replies/held-out', { bearer: train });
      const votes = await exported();
      const of = (status: string) => votes.filter((vote) => vote.status === status).map(({ id }) => id);
      const ids = (some: { preference: string }[]) => some.map(({ preference }) => preference);
      expect(ids(lease.examples)).toEqual(of('batched'));
      expect(ids(examples)).toEqual(of('heldOut'));
      expect(of('batched').length + of('heldOut').length).toBe(40);
      expect(of('heldOut').length).toBeGreaterThan(5);
      expect(of('notTrainable')).toEqual([skipped.id]);
      expect(examples[0].prompt.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
      const newest = await edge.get('GET', '/v1/domains/replies/held-out?limit=3', { bearer: train });
      expect(ids(newest.examples)).toEqual(of('heldOut').slice(-3));
    });
  });

  describe('the export', () => {
    it('pages through a domain or the project in order of arrival', async () => {
      const { send, exported, tenant, ingest } = await setUp(edge);
      await tenant.createDomain({ id: 'other', holdOut: 0 });
      const other = importedVotes(5).map((vote) => ({ ...vote, comparison: { ...vote.comparison, domain: 'other' } }));
      const mine = importedVotes(12);
      await send([...mine.slice(0, 6), ...other, ...mine.slice(6)]);
      expect((await exported('&limit=5')).map(({ id }) => id)).toEqual(
        [...mine.slice(0, 6), ...other, ...mine.slice(6)].map(({ id }) => id),
      );
      expect((await exported('&limit=5&domain=replies')).map(({ id }) => id)).toEqual(mine.map(({ id }) => id));
      expect((await exported('&limit=500&domain=other')).map(({ id }) => id)).toEqual(other.map(({ id }) => id));
      const exact = await edge.get('GET', '/v1/preferences?domain=other&limit=5', { bearer: ingest });
      expect(exact.next).toBeNull();
      expect((await edge.call('GET', '/v1/preferences?limit=0', { bearer: ingest })).status).toBe(400);
      expect((await edge.call('GET', '/v1/preferences', { bearer: await tenant.createKey(['infer']) })).status).toBe(
        403,
      );
    });
  });
});
