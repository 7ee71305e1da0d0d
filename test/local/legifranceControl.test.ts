import { CUT_OFF, searchFor, withSimulator, type Client, type Json } from './legifranceClient.ts';

const CODE = { id: 'LEGITEXT000099000001', title: 'Code de test', articles: 25, urbanisme: 4 };
const FIRST = 'LEGIARTI000001000001';
const DECISION = 'CETATEXT000050000003';
const options = { syntheticCodes: [CODE], decisions: 100 };

/** Lets the simulator, which runs in this process, handle its events. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('injected faults', () => {
  const consult = ({ post }: Client) => post('/consult/juri', { textId: DECISION });

  it('affect the requested number of answers on a path, and no more', () =>
    withSimulator(options, async (client) => {
      client.simulator.control.fault({
        kind: 'status',
        status: 503,
        path: '/consult/',
        times: 2,
        retryAfterSeconds: 4,
      });
      expect((await client.post('/list/code', {})).status).toBe(200);
      const spoilt = await consult(client);
      expect([spoilt.status, spoilt.headers.get('retry-after')]).toEqual([503, '4']);
      expect((await consult(client)).status).toBe(503);
      expect((await consult(client)).status).toBe(200);
    }));

  it('can affect one document only', () =>
    withSimulator(options, async ({ simulator, post }) => {
      simulator.control.fault({ kind: 'status', status: 500, id: DECISION });
      expect((await post('/consult/juri', { textId: 'CETATEXT000050000004' })).status).toBe(200);
      const spoilt = await post('/consult/juri', { textId: DECISION });
      expect(spoilt.status).toBe(500);
      expect(spoilt.body['message']).toBe('Une exception non gérée est survenue');
    }));

  it('can be HTML, half a document, a body with one key, or a temporary invalid_client', () =>
    withSimulator(options, async (client) => {
      const { control } = client.simulator;
      control.fault({ kind: 'html', path: 'consult' });
      const html = await consult(client);
      expect([html.status, html.headers.get('content-type')]).toEqual([502, 'text/html']);
      const whole = await consult(client);
      control.fault({ kind: 'truncated' });
      const half = await consult(client);
      expect(half.status).toBe(200);
      expect(half.body).toEqual({});
      expect(half.text.length).toBeGreaterThan(whole.text.length / 3);
      expect(half.text.length).toBeLessThan(whole.text.length);
      control.fault({ kind: 'degenerate' });
      expect(Object.keys((await consult(client)).body)).toEqual(['executionTime']);
      control.fault({ kind: 'invalidClient' });
      const refused = await consult(client);
      expect([refused.status, refused.body]).toEqual([401, { error: 'invalid_client' }]);
    }));

  it('can reset the connection, which is counted', () =>
    withSimulator(options, async (client) => {
      await consult(client);
      client.simulator.control.fault({ kind: 'reset' });
      await expect(consult(client)).rejects.toMatchObject(CUT_OFF);
      expect(client.simulator.control.stats().api.byStatus).toEqual({ '200': 1, reset: 1 });
    }));

  it('can call existing documents unknown, by chance, with the answers of the real API', () =>
    withSimulator(options, async (client) => {
      const { control } = client.simulator;
      const draw = async (seed: number) => {
        control.clearFaults();
        control.fault({ kind: 'notFound', probability: 0.5, seed });
        const answers: number[] = [];
        for (let n = 0; n < 40; n += 1) answers.push((await consult(client)).status);
        return answers;
      };
      const first = await draw(1);
      expect(new Set(first)).toEqual(new Set([200, 400]));
      expect(await draw(1)).toEqual(first);
      expect(await draw(2)).not.toEqual(first);

      control.clearFaults();
      control.fault({ kind: 'notFound', id: FIRST });
      const article = await client.post('/consult/getArticle', { id: FIRST });
      expect([article.status, article.body['article']]).toEqual([200, null]);
      expect((await consult(client)).status).toBe(200);
      for (const status of [400, 404] as const) {
        control.clearFaults();
        control.fault({ kind: 'notFound', status });
        expect((await client.post('/consult/getArticle', { id: FIRST })).status).toBe(status);
        expect((await consult(client)).status).toBe(status);
        expect((await client.post('/list/code', {})).status).toBe(200);
      }
    }));

  it('can hit the token endpoint too', () =>
    withSimulator(options, async ({ simulator, token }) => {
      simulator.control.fault({ kind: 'status', status: 503, path: 'oauth' });
      expect(await token()).toBeUndefined();
      expect(simulator.control.stats().token).toEqual({ total: 1, byStatus: { '503': 1 } });
    }));

  it('can delay one answer, and closing ends the delay', () =>
    withSimulator(options, async (client) => {
      await consult(client);
      client.simulator.control.fault({ kind: 'slow', delayMs: 50 });
      const start = performance.now();
      await consult(client);
      expect(performance.now() - start).toBeGreaterThanOrEqual(49);
      client.simulator.control.setLatency({ fixedMs: 60_000 });
      // If closing did not end the wait, this would be answered after a minute.
      const hanging = expect(consult(client)).rejects.toMatchObject(CUT_OFF);
      while (client.simulator.control.stats().api.total < 3) await nextTurn();
      await client.simulator.close();
      await hanging;
    }));
});

describe('documents that change', () => {
  it('change the text, the table of contents and the last update of the code, and no other article', () =>
    withSimulator(options, async ({ simulator, post }) => {
      const snapshot = async () => ({
        list: (await post('/list/code', {})).body['results'] as Json[],
        table: await entries(post),
        article: (await post('/consult/getArticle', { id: FIRST })).body['article'] as Json,
      });
      const before = await snapshot();
      simulator.control.reviseArticle(FIRST, { texte: 'Texte remplacé, sans mot particulier.' });
      const after = await snapshot();
      expect(after.article['texte']).toBe('Texte remplacé, sans mot particulier.');
      expect(after.article['versionArticle']).toBe('2.0');
      expect(after.table[0]?.['modificatorDate']).not.toBe(before.table[0]?.['modificatorDate']);
      expect(after.table[0]?.['dateDebut']).not.toBe(before.table[0]?.['dateDebut']);
      expect(after.table.slice(1)).toEqual(before.table.slice(1));
      expect(after.list[0]?.['lastUpdate']).not.toBe(before.list[0]?.['lastUpdate']);
    }));

  it('are found by their current words, not by their former ones', () =>
    withSimulator(options, async ({ simulator, post }) => {
      const total = async (word: string) =>
        (await post('/search', searchFor('CODE_DATE', word))).body['totalResultNumber'];
      expect(await total('urbanisme')).toBe(4);
      simulator.control.reviseArticle(FIRST, { texte: 'Désormais la Forêt.' });
      expect([await total('urbanisme'), await total('foret')]).toEqual([3, 1]);
      simulator.control.removeDocument(FIRST);
      expect(await total('foret')).toBe(0);
      expect(await entries(post)).toHaveLength(24);
      expect((await post('/consult/getArticle', { id: FIRST })).body['article']).toBeNull();
    }));

  it.each([
    ['an article', '/consult/getArticle', { id: FIRST }],
    ['a decision', '/consult/juri', { textId: DECISION }],
  ])(
    'gives %s another text at each revision, and between revisions only another executionTime',
    (_what, path, body) =>
      withSimulator(options, async ({ simulator, post }) => {
        const read = async () => (await post(path, body)).body;
        const texts = new Set<string>();
        for (let revision = 0; revision < 3; revision += 1) {
          if (revision > 0) simulator.control.reviseDocument(Object.values(body)[0] ?? '');
          const [first, second] = [await read(), await read()];
          expect(first['executionTime']).not.toBe(second['executionTime']);
          expect({ ...second, executionTime: 0 }).toEqual({ ...first, executionTime: 0 });
          texts.add(JSON.stringify({ ...first, executionTime: 0 }));
        }
        expect(texts.size).toBe(3);
      }),
  );
});

describe('control and statistics over HTTP', () => {
  const order = async ({ simulator }: Client, body: unknown) => {
    const response = await fetch(`${simulator.url}/_control`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };
  const get = async ({ simulator }: Client, path: string) =>
    (await (await fetch(simulator.url + path)).json()) as Json;

  it('accepts each command and shows its effect', () =>
    withSimulator(options, async (client) => {
      const orders = [
        { action: 'setRate', rate: 7, retryAfterSeconds: 1 },
        { action: 'setLatency', fixedMs: 1, jitterMs: 2 },
        { action: 'setTokenLifetime', seconds: 60 },
        { action: 'fault', fault: { kind: 'html', path: 'consult', times: 3 } },
        { action: 'reviseArticle', id: FIRST },
        { action: 'reviseDocument', id: DECISION },
        { action: 'removeDocument', id: DECISION },
        { action: 'addDecisions', count: 11 },
      ];
      for (const body of orders)
        expect(await order(client, body)).toMatchObject({ status: 200, body: { ok: true } });
      expect(await get(client, '/_control')).toMatchObject({
        rate: 7,
        retryAfterSeconds: 1,
        latency: { fixedMs: 1, jitterMs: 2 },
        tokenLifetimeSeconds: 60,
        faults: [{ kind: 'html', times: 3 }],
        articles: 25,
        decisions: 110,
      });
      await order(client, { action: 'clearFaults' });
      expect(await get(client, '/_control')).toMatchObject({ faults: [] });
    }));

  it.each([
    [{ action: 'setRate', rate: 0 }, /rate/],
    [{ action: 'explode' }, /action/],
    [{ action: 'fault', fault: { kind: 'status', status: 200 } }, /status/],
    [{ action: 'fault', fault: { kind: 'html', path: '(' } }, /regular expression/],
    [{ action: 'setLatency', fixedMs: -1 }, /fixedMs/],
    [{ action: 'reviseArticle', id: 'LEGIARTI000000000000' }, /No document "LEGIARTI000000000000"/],
  ])('refuses %j with the reason', (body, why) =>
    withSimulator(options, async (client) => {
      const refused = await order(client, body);
      expect(refused.status).toBe(400);
      expect(String(refused.body['error'])).toMatch(why);
    }),
  );

  it('counts requests by path and status, tokens separately, and the consults of each document', () =>
    withSimulator(options, async (client) => {
      await client.post('/consult/juri', { textId: DECISION });
      await client.post('/consult/juri', { textId: DECISION });
      await client.post('/consult/getArticle', { id: FIRST });
      await client.post('/consult/getArticle', { id: 'LEGIARTI000099999999' });
      await client.post('/consult/nothing', {});
      expect(await get(client, '/_stats')).toMatchObject({
        api: {
          total: 5,
          byPath: { '/consult/juri': 2, '/consult/getArticle': 2, other: 1 },
          byStatus: { '200': 4, '404': 1 },
        },
        token: { total: 1 },
        consults: { total: 3, distinct: 2, maxPerDocument: 2, maxDocument: DECISION },
        arrivals: { total: 5, maxInAnySecond: 5 },
      });
      expect(await get(client, `/_stats/consults/${DECISION}`)).toEqual({ id: DECISION, consults: 2 });
      await fetch(`${client.simulator.url}/_stats/reset`, { method: 'POST' });
      expect(await get(client, '/_stats')).toMatchObject({ api: { total: 0 }, consults: { total: 0 } });
    }));
});

async function entries(post: Client['post']): Promise<Json[]> {
  const { body } = await post('/consult/legi/tableMatieres', { textId: CODE.id, date: '2026-01-01' });
  return (body['sections'] as Json[]).flatMap(({ articles }) => articles as Json[]);
}
