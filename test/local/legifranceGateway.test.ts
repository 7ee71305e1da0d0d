import { Arrivals } from '../../local/legifrance/arrivals.ts';
import { Throttle } from '../../local/legifrance/throttle.ts';
import { Tokens } from '../../local/legifrance/tokens.ts';
import { askToken, searchFor, withSimulator } from './legifranceClient.ts';

const CODE = { id: 'LEGITEXT000099000001', title: 'Code de test', articles: 25, urbanisme: 4 };
const FIRST = 'LEGIARTI000001000001';
const options = { syntheticCodes: [CODE], decisions: 100 };

describe('token endpoint and bearer check', () => {
  it('issues an opaque token for an hour, and accepts it', () =>
    withSimulator(options, async ({ simulator, post }) => {
      const { status, body } = await askToken(simulator, {});
      expect(status).toBe(200);
      expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'openid' });
      const answer = await post(
        '/consult/getArticle',
        { id: FIRST },
        `Bearer ${String(body['access_token'])}`,
      );
      expect(answer.status).toBe(200);
    }));

  it('refuses wrong credentials with 401 invalid_client and a description', () =>
    withSimulator(options, async ({ simulator }) => {
      const { status, body } = await askToken(simulator, { client_secret: 'wrong' });
      expect(status).toBe(401);
      expect(body['error']).toBe('invalid_client');
      expect(body['error_description']).toMatch(/authentication failed/);
    }));

  it('answers 400, an empty body and WWW-Authenticate when there is no token, 401 when it is unknown', () =>
    withSimulator(options, async ({ post }) => {
      const absent = await post('/consult/getArticle', { id: FIRST }, null);
      expect([absent.status, absent.text]).toEqual([400, '']);
      expect(absent.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="DefaultRealm",error="invalid_request"/,
      );
      expect((await post('/consult/getArticle', { id: FIRST }, 'Bearer unknown')).status).toBe(401);
    }));

  it('refuses an expired token', () => {
    let nowMs = 0;
    const tokens = new Tokens(10, () => nowMs);
    const token = tokens.issue();
    nowMs = 9_999;
    expect(tokens.isLive(token)).toBe(true);
    nowMs = 10_000;
    expect(tokens.isLive(token)).toBe(false);
  });

  it('refuses every token after revokeTokens, and accepts new ones', () =>
    withSimulator(options, async ({ simulator, post, token }) => {
      expect((await post('/consult/getArticle', { id: FIRST })).status).toBe(200);
      expect(simulator.control.revokeTokens()).toBe(1);
      expect((await post('/consult/getArticle', { id: FIRST })).status).toBe(401);
      expect((await post('/consult/getArticle', { id: FIRST }, `Bearer ${await token()}`)).status).toBe(200);
    }));
});

describe('quota', () => {
  it('admits at most the rate in any sliding second, and does not count refused requests', () => {
    const throttle = new Throttle(20);
    const admitted: number[] = [];
    for (let at = 0; at < 5000; at += 7) if (throttle.admit(at)) admitted.push(at);
    for (const start of admitted) {
      expect(admitted.filter((at) => at >= start && at < start + 1000).length).toBeLessThanOrEqual(20);
    }
    expect(admitted.length).toBe(100);
  });

  it('answers 429 beyond the rate, with Retry-After only if that is set', () => {
    // The test's own clock: however long the requests take, they arrive within one second.
    let nowMs = 0;
    return withSimulator(
      { ...options, rate: 5 },
      async ({ simulator, post, token }) => {
        const bearer = `Bearer ${await token()}`;
        const burst = async () =>
          Promise.all(Array.from({ length: 12 }, () => post('/consult/getArticle', { id: FIRST }, bearer)));
        const answers = await burst();
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
        const refused = answers.filter(({ status }) => status === 429);
        expect(refused).toHaveLength(7);
        expect(refused[0]?.headers.get('retry-after')).toBeNull();
        simulator.control.setRate(5, 2);
        nowMs = 1_000;
        const later = (await burst()).filter(({ status }) => status === 429);
        expect(later).toHaveLength(7);
        expect(later[0]?.headers.get('retry-after')).toBe('2');
        expect(simulator.control.stats().arrivals).toMatchObject({ total: 24, maxInAnySecond: 12 });
        expect(simulator.control.stats().api.byStatus).toEqual({ '200': 10, '429': 14 });
      },
      () => nowMs,
    );
  });

  it('knows the busiest second exactly, even if the log is full', () => {
    const arrivals = new Arrivals();
    const times = Array.from(
      { length: 200_000 },
      (_, i) => i * 50 + (i > 1000 && i < 1030 ? -(i - 1001) * 40 : 0),
    );
    times.sort((a, b) => a - b);
    let max = 0;
    let oldest = 0;
    times.forEach((at, i) => {
      arrivals.record(at);
      while ((times[oldest] ?? 0) <= at - 1000) oldest += 1;
      max = Math.max(max, i - oldest + 1);
    });
    expect(max).toBeGreaterThan(20);
    expect(arrivals.stats()).toMatchObject({ total: 200_000, maxInAnySecond: max, firstMs: 0 });
  });
});

describe('answers to invalid requests', () => {
  const cases = [
    ['an unknown article', '/consult/getArticle', { id: 'LEGIARTI000099999999' }, 200, { article: null }],
    [
      'an unknown decision',
      '/consult/juri',
      { textId: 'CETATEXT000000000001' },
      400,
      { error: 400, status: 'Bad Request' },
    ],
    [
      'an unknown code',
      '/consult/legi/tableMatieres',
      { textId: 'LEGITEXT000000000001', date: '2026-01-01' },
      400,
      {},
    ],
    ['a search without criteria', '/search', { fond: 'CETAT', recherche: {} }, 500, { error: 500 }],
    [
      'a secondSort of another fond',
      '/search',
      searchFor('CETAT', '*', { secondSort: 'NUM' }),
      500,
      { error: 500 },
    ],
    ['a champ of another fond', '/search', searchFor('CETAT', '1', {}, 'NUM_ARTICLE'), 500, { error: 500 }],
    ['a page of more than 100', '/search', searchFor('CETAT', '*', { pageSize: 101 }), 400, { error: 400 }],
    ['a fond that is not simulated', '/search', searchFor('JORF', '*'), 501, { error: 501 }],
    ['another path', '/consult/loda', {}, 404, {}],
  ] as const;
  it.each(cases)('%s', (_title, path, request, status, body) =>
    withSimulator(options, async ({ post }) => {
      const answer = await post(path, request);
      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject(body);
    }),
  );

  it('a search whose champ has no operateur fails with the body of an unhandled exception', () =>
    withSimulator(options, async ({ post }) => {
      const criteres = [{ typeRecherche: 'EXACTE', valeur: 'urbanisme', operateur: 'ET' }];
      const request = searchFor('CODE_DATE', '', { champs: [{ typeChamp: 'ALL', criteres }] });
      const { status, body } = await post('/search', request);
      expect(status).toBe(500);
      expect(Object.keys(body)).toEqual([
        'timestamp',
        'error',
        'status',
        'message',
        'errorCode',
        'exceptionDetails',
      ]);
      expect(body['message']).toBe('Une exception non gérée est survenue');
    }));
});
