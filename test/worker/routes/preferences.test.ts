import { describe, expect, it } from 'vitest';
import { Preference } from '../../../shared/contracts/preference.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import { describeOnHosts, type TestEdge } from '../hosts.ts';
import { textCandidate } from '../votes.ts';

type Json = Record<string, unknown>;

async function setUp(edge: TestEdge, domain: Json = {}, project: Json = {}) {
  const tenant = await edge.createProject(project);
  await tenant.createDomain({ holdOut: 0, ...domain });
  const ingest = await tenant.createKey(['ingest']);
  const anna = await tenant.createUserToken('anna');

  /** A comparison of the given outputs, dealt to whoever `bearer` is; `shown` are the ids in the dealt order. */
  async function deal(outputs: (string | string[])[], bearer = anna, rest: Json = {}) {
    const candidates = outputs.map((output) => ({
      content: typeof output === 'string' ? { type: 'text', text: output } : { type: 'steps', steps: output },
    }));
    const body = { domain: 'replies', prompt: { text: `Question ${uuidv7()}?` }, candidates, ...rest };
    const { id, assignment, candidates: dealt } = await edge.get('POST', '/v1/comparisons', { bearer, body });
    return {
      comparison: id as string,
      assignment: assignment as string,
      shown: dealt.map((one: { id: string }) => one.id) as string[],
    };
  }

  const vote = (body: Json, bearer = anna) =>
    edge.call('POST', '/v1/preferences', { bearer, body: { id: uuidv7(), ...body } });
  const read = (id: string) => edge.get('GET', `/v1/preferences/${id}`, { bearer: ingest });
  return { tenant, ingest, anna, deal, vote, read };
}

/** A vote for the first candidate of a deal. */
function first(
  { comparison, assignment, shown }: { comparison: string; assignment: string; shown: string[] },
  rest: Json = {},
) {
  return { comparison, assignment, choice: { type: 'pair', chosen: shown[0], position: 0 }, ...rest };
}

describeOnHosts('preferences', (edge) => {
  describe('a vote', () => {
    it('is stored once however often it is sent, and never overwritten', async () => {
      const { deal, vote, read } = await setUp(edge);
      const id = uuidv7();
      const dealt = await deal(['Hello', 'Hi']);
      const body = { id, ...first(dealt), reason: 'warmer', latencyMs: 800 };
      expect(await vote(body)).toMatchObject({ status: 201, body: { id, status: 'waiting', replayed: false } });
      expect(await vote(body)).toMatchObject({ status: 200, body: { id, status: 'waiting', replayed: true } });
      expect(await vote({ ...body, reason: 'colder' })).toMatchObject({
        status: 409,
        body: { code: 'idempotency_conflict' },
      });
      expect(await read(id)).toMatchObject({
        id,
        user: 'anna',
        reason: 'warmer',
        weight: 1,
        confidence: 1,
        status: 'waiting',
      });
    });

    it('that is repeated with a fresh assignment is still the same vote', async () => {
      const { deal, vote } = await setUp(edge);
      const dealt = await deal(['Hello', 'Hi']);
      const body = { id: uuidv7(), ...first(dealt) };
      await vote(body);
      expect(await vote({ ...body, assignment: 'a1.forged' })).toMatchObject({ status: 200, body: { replayed: true } });
    });

    it('with the id and body of somebody else’s vote is a conflict, not theirs again', async () => {
      const { deal, vote, tenant } = await setUp(edge, {}, { requireAssignment: false });
      const dealt = await deal(['Hello', 'Hi'], await tenant.createKey(['ingest']));
      const body = { id: uuidv7(), comparison: dealt.comparison, choice: { type: 'tie' } };
      expect((await vote(body)).status).toBe(201);
      const bert = await tenant.createUserToken('bert');
      expect(await vote(body, bert)).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
    });

    it('speaks for the person of the token alone', async () => {
      const { deal, vote, tenant, read } = await setUp(edge);
      const dealt = await deal(['Hello', 'Hi']);
      for (const rest of [{ user: 'bert' }, { weight: 1 }]) {
        expect(await vote(first(dealt, rest))).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      }
      const inline = { domain: 'replies', prompt: { text: 'Q' }, candidates: [textCandidate('a'), textCandidate('b')] };
      expect(await vote({ comparison: inline, choice: { type: 'tie' } })).toMatchObject({ status: 403 });
      const ingest = await tenant.createKey(['ingest']);
      const id = uuidv7();
      await vote({ id, comparison: dealt.comparison, choice: { type: 'tie' }, user: 'carl', weight: 0.5 }, ingest);
      expect(await read(id)).toMatchObject({ user: 'carl', weight: 0.5 });
    });

    it('from a public key counts a quarter and names nobody', async () => {
      const { deal, vote, tenant, read } = await setUp(edge, {}, { allowedOrigins: ['https://app.example.com'] });
      const bearer = await tenant.createKey([], 'public');
      const headers = { origin: 'https://app.example.com' };
      const body = { domain: 'replies', prompt: { text: 'Q?' }, candidates: [textCandidate('a'), textCandidate('b')] };
      expect((await edge.call('POST', '/v1/comparisons', { bearer, body, headers })).status).toBe(403);
      const { comparison } = await deal(['Hello', 'Hi'], await tenant.createKey(['ingest']));
      const plain = { id: uuidv7(), comparison, choice: { type: 'tie' } };
      const refused = await edge.call('POST', '/v1/preferences', { bearer, headers, body: plain });
      expect(refused).toMatchObject({ status: 403, body: { code: 'assignment_required' } });
      const dealt = await deal(['Hello', 'Hi'], await tenant.createKey(['ingest']));
      const id = uuidv7();
      const stored = await edge.call('POST', '/v1/preferences', { bearer, headers, body: { id, ...first(dealt) } });
      expect(stored).toMatchObject({ status: 201, body: { status: 'waiting' } });
      expect(await read(id)).toMatchObject({ user: null, weight: 0.25 });
      expect((await vote(plain, await tenant.createKey(['train']))).body.code).toBe('forbidden');
    });

    it('on the comparison of another project finds nothing', async () => {
      const mine = await setUp(edge);
      const theirs = await setUp(edge);
      const dealt = await theirs.deal(['Hello', 'Hi']);
      expect(await mine.vote({ comparison: dealt.comparison, choice: { type: 'tie' } }, mine.ingest)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
      expect(await mine.vote(first(dealt))).toMatchObject({ status: 404, body: { code: 'not_found' } });
    });
  });

  describe('a choice', () => {
    it('of every kind is stored, with what becomes of it', async () => {
      const { deal, vote } = await setUp(edge);
      const answers: [kind: string, outputs: (string | string[])[], choice: (ids: string[]) => Json, status: Json][] = [
        ['pair', ['A', 'B'], ([a]) => ({ type: 'pair', chosen: a }), { status: 'waiting' }],
        ['pair', ['A', 'B'], () => ({ type: 'tie' }), { status: 'waiting' }],
        ['pair', ['A', 'B'], () => ({ type: 'bothBad' }), { status: 'notTrainable', notTrainable: 'bothBad' }],
        ['pair', ['A', 'B'], () => ({ type: 'skip' }), { status: 'notTrainable', notTrainable: 'skip' }],
        [
          'pair',
          ['A', ''],
          ([a]) => ({ type: 'pair', chosen: a }),
          { status: 'notTrainable', notTrainable: 'emptyCompletion' },
        ],
        [
          'pair',
          ['A', 'A'],
          ([a]) => ({ type: 'pair', chosen: a }),
          { status: 'notTrainable', notTrainable: 'equalTexts' },
        ],
        [
          'ranking',
          ['A', 'B', 'C'],
          ([a, b, c]) => ({ type: 'ranking', ranking: [[c], [a, b]] }),
          { status: 'waiting' },
        ],
        ['ranking', ['A', 'B', 'C'], () => ({ type: 'skip' }), { status: 'notTrainable', notTrainable: 'skip' }],
        [
          'rating',
          ['A', 'B'],
          ([a, b]) => ({
            type: 'rating',
            ratings: [
              { candidate: a, rating: 4 },
              { candidate: b, rating: -2.5 },
            ],
          }),
          { status: 'waiting' },
        ],
        [
          'rating',
          ['A', 'B'],
          ([a]) => ({ type: 'rating', ratings: [{ candidate: a, rating: 4 }] }),
          { status: 'notTrainable', notTrainable: 'singleRating' },
        ],
        [
          'steps',
          [['s1', 's2'], ['t1']],
          ([a]) => ({ type: 'stepMark', candidate: a, firstWrongStep: null }),
          { status: 'notTrainable', notTrainable: 'unsupportedKind' },
        ],
      ];
      for (const [kind, outputs, choose, expected] of answers) {
        const { comparison, assignment, shown } = await deal(outputs, undefined, { kind });
        const answer = await vote({ comparison, assignment, choice: choose(shown) });
        expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 201, body: expected });
      }
    });

    it('that does not fit its comparison is refused, and the deal stays open', async () => {
      const { deal, vote } = await setUp(edge);
      const stranger = uuidv7();
      const cases: [
        kind: string,
        outputs: (string | string[])[],
        choice: (ids: string[]) => Json,
        code: string,
        status: number,
      ][] = [
        ['pair', ['A', 'B'], () => ({ type: 'pair', chosen: stranger }), 'candidate_not_in_comparison', 422],
        ['pair', ['A', 'B'], ([a]) => ({ type: 'pair', chosen: a, position: 2 }), 'invalid_request', 400],
        ['pair', ['A', 'B'], ([a, b]) => ({ type: 'ranking', ranking: [[a], [b]] }), 'kind_mismatch', 422],
        ['ranking', ['A', 'B'], ([a]) => ({ type: 'pair', chosen: a }), 'kind_mismatch', 422],
        ['ranking', ['A', 'B', 'C'], ([a, b]) => ({ type: 'ranking', ranking: [[a], [b]] }), 'invalid_request', 400],
        ['ranking', ['A', 'B'], ([a, b]) => ({ type: 'ranking', ranking: [[a, b], [a]] }), 'invalid_request', 400],
        [
          'ranking',
          ['A', 'B'],
          ([a, b]) => ({ type: 'ranking', ranking: [[a], [b], [stranger]] }),
          'candidate_not_in_comparison',
          422,
        ],
        [
          'rating',
          ['A', 'B'],
          () => ({ type: 'rating', ratings: [{ candidate: stranger, rating: 1 }] }),
          'candidate_not_in_comparison',
          422,
        ],
        [
          'rating',
          ['A', 'B'],
          ([a]) => ({
            type: 'rating',
            ratings: [
              { candidate: a, rating: 1 },
              { candidate: a, rating: 2 },
            ],
          }),
          'invalid_request',
          400,
        ],
        [
          'steps',
          [['s'], ['t']],
          ([a]) => ({ type: 'stepMark', candidate: a, firstWrongStep: 1 }),
          'invalid_request',
          400,
        ],
        ['steps', ['s', 't'], ([a]) => ({ type: 'stepMark', candidate: a, firstWrongStep: 0 }), 'kind_mismatch', 422],
      ];
      for (const [kind, outputs, choose, code, status] of cases) {
        const { comparison, assignment, shown } = await deal(outputs, undefined, { kind });
        const answer = await vote({ comparison, assignment, choice: choose(shown) });
        expect(answer, `${kind} ${JSON.stringify(answer.body)}`).toMatchObject({ status, body: { code } });
        expect((await vote({ comparison, assignment, choice: { type: 'skip' } })).status).toBe(201);
      }
    });

    it('on a comparison that does not exist is refused', async () => {
      const { vote, ingest } = await setUp(edge);
      const answer = await vote({ comparison: uuidv7(), choice: { type: 'tie' } }, ingest);
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    });

    it('is exported as it was said, with the whole comparison in the dealt order', async () => {
      const { deal, vote, read } = await setUp(edge);
      const dealt = await deal(['A', 'B', 'C'], undefined, { kind: 'ranking' });
      const [a, b, c] = dealt.shown as [string, string, string];
      const id = uuidv7();
      const choice = { type: 'ranking', ranking: [[b], [c, a]] };
      await vote({ id, comparison: dealt.comparison, assignment: dealt.assignment, choice, confidence: 0.75 });
      const stored = Preference.parse(await read(id));
      expect(stored.choice).toEqual(choice);
      expect(stored.confidence).toBe(0.75);
      expect(stored.comparison.candidates.map((candidate) => candidate.id)).toEqual(dealt.shown);
      expect(stored.comparison).toMatchObject({ id: dealt.comparison, domain: 'replies', kind: 'ranking' });
      expect(stored.comparison.candidates.every(({ origin }) => origin?.role === 'caller')).toBe(true);
    });
  });

  describe('an assignment', () => {
    it('is needed by people, must be genuine, and must be of this comparison', async () => {
      const { deal, vote } = await setUp(edge);
      const dealt = await deal(['Hello', 'Hi']);
      const other = await deal(['Hello', 'Hi']);
      const { assignment: _, ...bare } = first(dealt);
      expect(await vote(bare)).toMatchObject({ status: 403, body: { code: 'assignment_required' } });
      const tampered = `${dealt.assignment.slice(0, -2)}AA`;
      for (const assignment of ['nonsense', tampered, other.assignment]) {
        expect(await vote({ ...bare, assignment })).toMatchObject({
          status: 403,
          body: { code: 'assignment_invalid' },
        });
      }
      expect((await vote(first(dealt))).status).toBe(201);
    });

    it('is not asked for where the project does not want it, nor of secret keys', async () => {
      const { deal, vote } = await setUp(edge, {}, { requireAssignment: false });
      const dealt = await deal(['Hello', 'Hi']);
      expect((await vote({ comparison: dealt.comparison, choice: { type: 'tie' } })).status).toBe(201);
      const strict = await setUp(edge);
      const theirs = await strict.deal(['Hello', 'Hi']);
      expect(
        (await strict.vote({ comparison: theirs.comparison, choice: { type: 'tie' } }, strict.ingest)).status,
      ).toBe(201);
    });

    it('allows one vote: a second one needs to replace the first, by the same person', async () => {
      const { deal, vote, tenant, read } = await setUp(edge);
      const dealt = await deal(['Hello', 'Hi']);
      const [one, two, three] = [uuidv7(), uuidv7(), uuidv7()];
      expect((await vote({ id: one, ...first(dealt) })).status).toBe(201);
      expect(await vote({ id: two, ...first(dealt) })).toMatchObject({
        status: 409,
        body: { code: 'assignment_reused' },
      });
      const bert = await tenant.createUserToken('bert');
      const stolen = await vote({ id: two, ...first(dealt), supersedes: one }, bert);
      expect(stolen).toMatchObject({ status: 403, body: { code: 'assignment_invalid' } });
      expect((await vote({ id: two, ...first(dealt), supersedes: one })).status).toBe(201);
      expect((await vote({ id: three, ...first(dealt), supersedes: one })).body.code).toBe('assignment_reused');
      expect((await vote({ id: three, ...first(dealt), supersedes: two })).status).toBe(201);
      const chain = await Promise.all([one, two, three].map(read));
      expect(chain.map(({ status }) => status)).toEqual(['superseded', 'superseded', 'waiting']);
      expect(chain.map(({ supersededBy }) => supersededBy)).toEqual([two, three, null]);
      expect((await vote({ id: one, ...first(dealt) })).body).toMatchObject({ status: 'superseded', replayed: true });
    });

    it('allows one mark for each candidate of steps', async () => {
      const { deal, vote } = await setUp(edge);
      const dealt = await deal([['s1', 's2'], ['t1']], undefined, { kind: 'steps' });
      const mark = (n: number, rest: Json = {}) => {
        const choice = { type: 'stepMark', candidate: dealt.shown[n], firstWrongStep: null };
        return vote({ comparison: dealt.comparison, assignment: dealt.assignment, choice, ...rest });
      };
      const one = uuidv7();
      expect((await mark(0, { id: one })).status).toBe(201);
      expect((await mark(1)).status).toBe(201);
      expect((await mark(0)).body.code).toBe('assignment_reused');
      expect((await mark(0, { supersedes: one })).status).toBe(201);
    });

    it('answered twice at once is answered once', async () => {
      const { deal, vote } = await setUp(edge);
      const dealt = await deal(['Hello', 'Hi']);
      const answers = await Promise.all(Array.from({ length: 8 }, () => vote(first(dealt))));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'assignment_reused')).toHaveLength(7);
      const same = { id: uuidv7(), ...first(await deal(['Hello', 'Hi'])) };
      const replays = await Promise.all(Array.from({ length: 8 }, () => vote(same)));
      expect(replays.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    });

    it('expires after seven days, except for a vote that is stored already', async () => {
      const { deal, vote, tenant } = await setUp(edge);
      const dealt = await deal(['Hello', 'Hi']);
      const late = await deal(['Hello', 'Hi']);
      const stored = { id: uuidv7(), ...first(dealt) };
      await vote(stored);
      await edge.restart({ CLOCK_OFFSET_MS: String(7 * 24 * 3600 * 1000) });
      const anna = await tenant.createUserToken('anna');
      expect(await vote(first(late), anna)).toMatchObject({ status: 403, body: { code: 'assignment_expired' } });
      expect(await vote(stored, anna)).toMatchObject({ status: 200, body: { replayed: true } });
      await edge.restart({ CLOCK_OFFSET_MS: '0' });
    });
  });

  describe('a changed mind', () => {
    it('replaces only a vote of the same person on the same comparison', async () => {
      const { deal, vote, ingest } = await setUp(edge);
      const dealt = await deal(['Hello', 'Hi']);
      const other = await deal(['Hello', 'Hi']);
      const one = uuidv7();
      await vote({ id: one, ...first(dealt) });
      const unknown = { status: 422, body: { code: 'supersedes_unknown' } };
      expect(await vote(first(other, { supersedes: one }))).toMatchObject(unknown);
      expect(await vote(first(other, { supersedes: uuidv7() }))).toMatchObject(unknown);
      const asServer = { comparison: dealt.comparison, choice: { type: 'tie' }, supersedes: one };
      expect(await vote(asServer, ingest)).toMatchObject(unknown);
      expect(await vote({ ...asServer, user: 'bert' }, ingest)).toMatchObject(unknown);
      expect((await vote({ ...asServer, user: 'anna' }, ingest)).status).toBe(201);
    });

    it('takes a waiting vote out, and leaves one that is being learned from in', async () => {
      const { deal, vote, tenant, read } = await setUp(edge, { batchSize: 1, maxWaitSeconds: 0 });
      const train = await tenant.createKey(['train']);
      const lease = () =>
        edge.call('POST', '/v1/batches/lease', { bearer: train, body: { baseModel: 'tiny', runner: 'r' } });
      const dealt = await deal(['Hello', 'Hi']);
      const [one, two, three] = [uuidv7(), uuidv7(), uuidv7()];
      await vote({ id: one, ...first(dealt) });
      await vote({ id: two, ...first(dealt), choice: { type: 'tie' }, supersedes: one });
      expect((await lease()).body.examples.map((example: { preference: string }) => example.preference)).toEqual([two]);
      await vote({ id: three, ...first(dealt), choice: { type: 'pair', chosen: dealt.shown[1] }, supersedes: two });
      const [first_, second, third] = await Promise.all([one, two, three].map(read));
      expect(first_).toMatchObject({ status: 'superseded', batch: null });
      expect(second).toMatchObject({ status: 'batched', supersededBy: three });
      expect(third).toMatchObject({ status: 'waiting', supersedes: two });
    });
  });

  describe('of one person', () => {
    async function withVotes() {
      const made = await setUp(edge);
      await made.tenant.createDomain({ id: 'letters', holdOut: 0 });
      const ben = await made.tenant.createUserToken('ben');
      const ids: string[] = [];
      for (let n = 0; n < 5; n++) {
        const id = uuidv7();
        await made.vote({ id, ...first(await made.deal([`Hello ${n}`, 'Hi'])) });
        ids.unshift(id);
        await made.vote(first(await made.deal(['Good day', `Bye ${n}`], ben)), ben);
      }
      await made.vote(first(await made.deal(['Dear', 'Sir'], made.anna, { domain: 'letters' })));
      const list = (query: string, bearer = made.anna) => edge.call('GET', `/v1/preferences?${query}`, { bearer });
      return { ...made, ben, ids, list };
    }
    type Page = { items: { id: string; user: string; domain: string }[]; next: number | null };
    const idsOf = ({ items }: Page) => items.map(({ id }) => id);

    it('are theirs alone, of one domain, newest first and page by page', async () => {
      const { ids, list } = await withVotes();
      const whole = await list('user=anna&domain=replies');
      expect(whole.status).toBe(200);
      expect([idsOf(whole.body), whole.body.next]).toEqual([ids, null]);
      const read: string[] = [];
      for (let after: number | null = 0, pages = 0; after !== null; pages++) {
        const { body } = await list(`user=anna&domain=replies&limit=2&after=${after}`);
        read.push(...idsOf(body));
        after = body.next;
        expect(pages).toBeLessThan(3);
      }
      expect(read).toEqual(ids);
      expect((await list('user=anna&domain=replies&limit=5')).body.next).toBeNull();
      expect((await list('user=anna&domain=letters')).body.items).toHaveLength(1);
    });

    it('are shown to them and to an admin key, and to nobody else', async () => {
      const { tenant, ingest, ben, list } = await withVotes();
      const query = 'user=anna&domain=replies';
      const admin = await list(query, tenant.admin);
      expect(admin).toMatchObject({ status: 200, body: { items: { length: 5 } } });
      for (const bearer of [ben, ingest, await tenant.createKey(['train'])])
        expect(await list(query, bearer)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      // Their own token opens no other list.
      for (const other of ['user=ben&domain=replies', 'domain=replies', ''])
        expect(await list(other)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      const elsewhere = await edge.createProject();
      expect((await list(query, elsewhere.admin)).body).toEqual({ items: [], next: null });
    });

    it('tell them neither which model made an output nor the known answer', async () => {
      const { tenant, ingest, list } = await withVotes();
      const made = { role: 'live', adapter: 'a'.repeat(64) };
      const candidates = ['one', 'two'].map((text) => ({ ...textCandidate(text), origin: made }));
      const comparison = { domain: 'replies', prompt: { text: 'How many?', answer: 'two' }, candidates };
      const items = [{ id: uuidv7(), user: 'anna', comparison, choice: { type: 'pair', chosen: candidates[1]?.id } }];
      await edge.get('POST', '/v1/preferences/bulk', { bearer: ingest, body: { items } });
      const query = 'user=anna&domain=replies&limit=1';
      const [theirs, operators] = [(await list(query)).body.items[0], (await list(query, tenant.admin)).body.items[0]];
      expect(operators.comparison).toMatchObject({ prompt: { answer: 'two' }, candidates: [{ origin: made }, {}] });
      expect(Preference.parse(theirs).comparison.prompt).toEqual({ text: 'How many?' });
      expect(theirs.comparison.candidates).toEqual(candidates.map(({ id, content }) => ({ id, content })));
      expect({ ...theirs, comparison: null }).toEqual({ ...operators, comparison: null });
    });

    it('are asked for with their domain', async () => {
      const { list } = await withVotes();
      expect(await list('user=anna')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect((await list('user=a%20b&domain=replies')).status).toBe(400);
    });
  });
});
