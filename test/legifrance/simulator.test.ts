import { createSimulator, type Simulator } from '../../local/legifrance/simulator.ts';
import { createLegifrance, type LegifranceClient } from '../../src/legifrance/client.ts';
import { fastClock, inTime, openQuota } from './support.ts';

/** Code des relations entre le public et l'administration: the smallest of the real codes. */
const CRPA = 'LEGITEXT000031366350';
const DAY = '2026-01-31';

describe('the client with the simulator', () => {
  let simulator: Simulator;
  let legifrance: LegifranceClient;

  beforeAll(async () => {
    simulator = await createSimulator({ codes: [CRPA], decisions: 300, urbanismeShare: 1, rate: 100_000 });
    legifrance = createLegifrance({
      apiUrl: simulator.apiUrl,
      tokenUrl: simulator.tokenUrl,
      clientId: 'legisync-local',
      clientSecret: () => 'legisync-local-secret',
      quota: openQuota(),
      clock: fastClock([]),
    });
  });

  beforeEach(() => {
    simulator.control.clearFaults();
    simulator.control.resetStats();
  });

  afterAll(async () => {
    await legifrance.close();
    await simulator.close();
  });

  it('lists the codes, and a code’s articles, each of which it can consult', async () => {
    const codes = await legifrance.listCodes(inTime());
    expect(codes.map(({ id }) => id)).toEqual([CRPA]);
    const articles = await legifrance.tableOfContents(CRPA, DAY, inTime());
    expect(articles.length).toBeGreaterThan(400);
    expect(new Set(articles.map(({ id }) => id)).size).toBe(articles.length);
    for (const { id } of articles.slice(0, 20)) {
      const { body, sha256 } = await legifrance.consult(id, inTime());
      expect(JSON.parse(body.toString())).toMatchObject({ article: { id } });
      expect((await legifrance.consult(id, inTime())).sha256).toBe(sha256);
    }
  });

  it('finds the same articles by search as in the table of contents', async () => {
    const listed = await legifrance.tableOfContents(CRPA, DAY, inTime());
    const found = new Set<string>();
    for (let page = 1, last = false; !last; page += 1) {
      const result = await legifrance.search({ fond: 'CODE_DATE', query: '*', day: DAY }, page, 50, inTime());
      for (const { id } of result.documents) found.add(id);
      last = result.last;
    }
    expect([...found].sort()).toEqual(listed.map(({ id }) => id).sort());
  });

  it('detects a changed article by its revision, and a changed text by its hash', async () => {
    const before = await legifrance.tableOfContents(CRPA, DAY, inTime());
    const [first] = before;
    const id = first?.id ?? '';
    const { sha256 } = await legifrance.consult(id, inTime());
    simulator.control.reviseArticle(id, { texte: 'Un autre texte.' });
    const after = await legifrance.tableOfContents(CRPA, DAY, inTime());
    const changed = after.filter(({ revision }, n) => revision !== before[n]?.revision);
    expect(changed.map((one) => one.id)).toEqual([id]);
    expect((await legifrance.consult(id, inTime())).sha256).not.toBe(sha256);
  });

  it('reads all decisions of a window, page by page, and consults one', async () => {
    const query = { fond: 'CETAT', query: 'urbanisme', day: DAY } as const;
    const window = { from: '1800-01-01', to: DAY, field: 'decided' } as const;
    const found: string[] = [];
    for (let page = 1, last = false; !last; page += 1) {
      const result = await legifrance.search({ ...query, window }, page, 100, inTime());
      expect(result.total).toBe(300);
      found.push(...result.documents.map(({ id }) => id));
      last = result.last;
    }
    expect(new Set(found).size).toBe(300);
    // A full page never counts as the last one, so there is a fourth, empty page.
    expect(simulator.control.stats().api.total).toBe(4);
    await expect(legifrance.consult(found[0] ?? '', inTime())).resolves.toMatchObject({ id: found[0] });
  });

  it('recovers from faults that pass, and from the loss of every token', async () => {
    const [{ id } = { id: '' }] = await legifrance.tableOfContents(CRPA, DAY, inTime());
    for (const kind of ['reset', 'truncated', 'degenerate', 'html', 'invalidClient'] as const) {
      simulator.control.fault({ kind, path: '/consult/getArticle' });
      await expect(legifrance.consult(id, inTime())).resolves.toMatchObject({ id });
    }
    for (const status of [429, 500, 502, 503, 504]) {
      simulator.control.fault({ kind: 'status', status, path: '/consult/getArticle' });
      await expect(legifrance.consult(id, inTime())).resolves.toMatchObject({ id });
    }
    simulator.control.revokeTokens();
    await expect(legifrance.consult(id, inTime())).resolves.toMatchObject({ id });
  });

  it('recognises a document that does not exist', async () => {
    for (const id of ['LEGIARTI000000000001', 'CETATEXT000000000001']) {
      await expect(legifrance.consult(id, inTime())).rejects.toMatchObject({ code: 'DOCUMENT_NOT_FOUND' });
    }
  });
});
