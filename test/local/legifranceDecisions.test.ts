import { DecisionAnswers } from '../../local/legifrance/answers/decision.ts';
import { DecisionWriter } from '../../local/legifrance/corpus/decisionText.ts';
import { createRandom } from '../../local/legifrance/corpus/random.ts';
import { DecisionCorpus } from '../../local/legifrance/corpus/decisions.ts';
import { parseOptions } from '../../local/legifrance/options.ts';
import { searchFor, withSimulator, type Client, type Json } from './legifranceClient.ts';

const SEED = 7;
const SAMPLE = 2000;

describe('generated decisions', () => {
  const corpus = new DecisionCorpus(parseOptions({ decisions: 1_000_000, seed: SEED }));
  const answers = new DecisionAnswers(SEED);
  const sample = Array.from({ length: SAMPLE }, (_, i) => corpus.at(i * 499));

  it('are about 105 KB on average, from about 20 to about 400 KB', () => {
    const sizes = sample.map((decision) => answers.body(decision, 1).length);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / SAMPLE;
    expect(mean).toBeGreaterThan(100_000);
    expect(mean).toBeLessThan(110_000);
    expect(Math.min(...sizes)).toBeGreaterThan(15_000);
    expect(Math.max(...sizes)).toBeLessThan(410_000);
    expect(Math.max(...sizes)).toBeGreaterThan(300_000);
  });

  it('are valid JSON, and contain "urbanisme" exactly if the search finds them by it', () => {
    for (const decision of sample.slice(0, 300)) {
      const text = answers.body(decision, 1).toString();
      expect((JSON.parse(text) as Json)['text']).toMatchObject({ id: decision.id, dateTexte: decision.date });
      expect(/urbanisme/i.test(text)).toBe(decision.urbanisme);
    }
  });

  it('are the same bytes for the same seed and index, and other bytes for another index', () => {
    const again = new DecisionAnswers(SEED);
    const bodies = sample.slice(0, 100).map((decision) => answers.body(decision, 1));
    bodies.forEach((body, i) => expect(again.body(corpus.at(i * 499), 1).equals(body)).toBe(true));
    expect(new Set(bodies.map((body) => body.toString('latin1'))).size).toBe(100);
  });

  it('share their encoded paragraphs, which makes them cheap', () => {
    const writer = new DecisionWriter(SEED);
    const random = createRandom(SEED);
    const texts = Array.from({ length: 500 }, () => writer.write(random, false, 'opening', 'closing'));
    const paragraphs = texts.flatMap(({ plain }) => plain.slice(1, -1));
    expect(paragraphs.length).toBeGreaterThan(10_000);
    // There are 400 different paragraphs, each encoded once.
    expect(new Set(paragraphs).size).toBe(400);
  });

  it('are sorted by date over the whole range, about 9 % of them about urbanisme', () => {
    const dates = sample.map(({ date }) => date);
    expect(dates).toEqual([...dates].sort((a, b) => a - b));
    expect(new Date(corpus.at(0).date).toISOString()).toMatch(/^2005-01-03/);
    expect(new Date(corpus.at(999_999).date).toISOString()).toMatch(/^2024-12-31/);
    const share = sample.filter(({ urbanisme }) => urbanisme).length / SAMPLE;
    expect(share).toBeGreaterThan(0.07);
    expect(share).toBeLessThan(0.11);
  });
});

describe('search of the fond CETAT', () => {
  const options = { decisions: 30_000, seed: SEED };
  const total = async ({ post }: Client, valeur: string, recherche: Json = {}) =>
    (await post('/search', searchFor('CETAT', valeur, recherche))).body['totalResultNumber'];
  const between = (facette: string, start: unknown, end: unknown) => ({
    filtres: [{ facette, dates: { start, end } }],
  });

  it('returns totals of date ranges that add up, with both ends included, as days or as epoch ms', () =>
    withSimulator(options, async (client) => {
      const whole = await total(client, '*');
      expect(whole).toBe(30_000);
      const early = await total(client, '*', between('DATE_DECISION', '1990-01-01', '2014-06-30'));
      const late = await total(
        client,
        '*',
        between('DATE_DECISION', Date.UTC(2014, 6, 1), Date.UTC(2024, 11, 31)),
      );
      expect(Number(early) + Number(late)).toBe(whole);
      expect(await total(client, '*', between('DATE_DECISION', '2014-06-30', '2014-06-30'))).toBeGreaterThan(
        0,
      );
      // A decision is added to the fond 21 days after its date.
      const deposited = await total(client, '*', between('DATE_VERSEMENT', '2014-07-21', '2014-07-21'));
      expect(deposited).toBe(await total(client, '*', between('DATE_DECISION', '2014-06-30', '2014-06-30')));
    }));

  it('selects decisions about urbanisme by that word, all by "*", and none by a word that is in no text', () =>
    withSimulator(options, async (client) => {
      const urbanisme = Number(await total(client, "L'Urbanisme"));
      expect(urbanisme / 30_000).toBeCloseTo(0.09, 2);
      expect(await total(client, 'aviation')).toBe(0);
      const none = [{ typeRecherche: 'AUCUN_DES_MOTS', valeur: 'urbanisme', operateur: 'ET' }];
      const champs = [{ typeChamp: 'TEXTE', operateur: 'ET', criteres: none }];
      expect(await total(client, '', { champs })).toBe(30_000 - urbanisme);
    }));

  it.each(['DATE_ASC', 'DATE_DESC', 'PERTINENCE', 'NOT_A_SORT'])(
    'reaches every hit once by pages, sorted by %s',
    (sort) =>
      withSimulator({ ...options, decisions: 6000 }, async ({ post }) => {
        const ids: unknown[] = [];
        for (let pageNumber = 1; ; pageNumber += 1) {
          const { body } = await post('/search', searchFor('CETAT', 'urbanisme', { sort, pageNumber }));
          const results = body['results'] as Json[];
          ids.push(...results.flatMap(({ titles }) => (titles as Json[]).map(({ id }) => id)));
          for (const { date, datePublication } of results)
            expect([date, datePublication]).toEqual([null, null]);
          if (results.length < 100) break;
        }
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.length).toBe(await total({ post } as Client, 'urbanisme'));
        const sorted = [...ids].sort();
        if (sort === 'DATE_ASC') expect(ids).toEqual(sorted);
        else if (sort === 'DATE_DESC') expect(ids).toEqual(sorted.reverse());
        else expect(ids).not.toEqual(sorted);
      }),
  );

  it('refuses pages beyond 10,000 results, but reports the real total', () =>
    withSimulator(options, async ({ post }) => {
      const last = await post('/search', searchFor('CETAT', '*', { pageNumber: 100 }));
      expect(last.status).toBe(200);
      expect(last.body['totalResultNumber']).toBe(30_000);
      const beyond = await post('/search', searchFor('CETAT', '*', { pageNumber: 101 }));
      expect(beyond.status).toBe(500);
      expect(beyond.body).toMatchObject({ error: 500, status: 'Internal Server Error', errorCode: null });
    }));

  it('refuses pages beyond page 100 too, even if they are small', () =>
    withSimulator(options, async ({ post }) => {
      const page = async (pageNumber: number) =>
        (await post('/search', searchFor('CETAT', '*', { pageNumber, pageSize: 10 }))).status;
      expect([await page(100), await page(101)]).toEqual([200, 500]);
    }));

  it('can answer an empty page beyond the reach, with the real total', () =>
    withSimulator({ ...options, pageWall: 'empty' }, async ({ post }) => {
      const { body } = await post('/search', searchFor('CETAT', '*', { pageNumber: 101 }));
      expect(body).toMatchObject({ results: [], totalResultNumber: 30_000 });
    }));

  it('adds decisions after the last day, and leaves removed ones out of totals and consults', () =>
    withSimulator(options, async (client) => {
      const { post, simulator } = client;
      const { first, last } = simulator.control.addDecisions(10);
      expect(await total(client, '*', between('DATE_DECISION', '2025-01-01', '2025-01-01'))).toBe(10);
      expect((await post('/consult/juri', { textId: last })).status).toBe(200);
      simulator.control.removeDocument(first);
      expect(await total(client, '*')).toBe(30_009);
      expect((await post('/consult/juri', { textId: first })).status).toBe(400);
    }));
});
