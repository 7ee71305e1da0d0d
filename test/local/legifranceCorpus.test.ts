import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createSimulator, type Simulator } from '../../local/legifrance/simulator.ts';
import { createClient, searchFor, type Client, type Json } from './legifranceClient.ts';

interface Tree {
  readonly sections: readonly Tree[];
  readonly articles: readonly Json[];
}

/** Articles of each code in npm @socialgouv/legi-data 2.513.0. */
const ARTICLES = {
  LEGITEXT000006072050: 11_545,
  LEGITEXT000006073189: 7_372,
  LEGITEXT000022197698: 9_724,
  LEGITEXT000031366350: 474,
};
/** How many of all those texts match /urbanisme/i. */
const URBANISME = 58;

interface SourceNode {
  readonly type: string;
  readonly data: { readonly id: string; readonly texte?: string };
  readonly children?: readonly SourceNode[];
}

describe('Légifrance simulator, the four real codes', () => {
  let simulator: Simulator;
  let client: Client;
  beforeAll(async () => {
    simulator = await createSimulator({ rate: 10_000 });
    client = createClient(simulator);
  });
  afterAll(() => simulator.close());

  it('lists every article of every code in its table of contents, without content and with days as strings', async () => {
    for (const [textId, count] of Object.entries(ARTICLES)) {
      const { body } = await client.post('/consult/legi/tableMatieres', {
        textId,
        date: '2026-03-28',
        nature: 'CODE',
      });
      const articles = articlesIn(body as unknown as Tree);
      expect(articles).toHaveLength(count);
      expect(new Set(articles.map(({ id }) => id)).size).toBe(count);
      expect(articles.every(({ content }) => content === null)).toBe(true);
      expect(articles.every(({ dateDebut }) => /^\d{4}-\d{2}-\d{2}$/.test(String(dateDebut)))).toBe(true);
    }
  });

  it('finds a code by its cid if it differs from its id', async () => {
    const { body } = await client.post('/consult/legi/tableMatieres', {
      textId: 'LEGITEXT000006071367',
      date: '2026-03-28',
    });
    expect(body['id']).toBe('LEGITEXT000022197698');
  });

  it.each(['ALL', 'ARTICLE'])(
    'finds exactly the articles whose text mentions "urbanisme", by champ %s',
    async (champ) => {
      const pages: Json[] = [];
      for (const pageNumber of [1, 2, 3]) {
        const paging = { pageNumber, pageSize: 20, typePagination: 'ARTICLE' };
        const { body } = await client.post('/search', searchFor('CODE_DATE', 'URBANISME', paging, champ));
        expect(body['totalResultNumber']).toBe(URBANISME);
        expect(body['totalArticleResultNumber']).toBe(URBANISME);
        pages.push(body);
      }
      const ids = pages.map((page) => extractIds(page));
      expect(ids.map((page) => page.length)).toEqual([20, 20, 18]);
      expect(new Set(ids.flat()).size).toBe(URBANISME);
      expect(ids.flat().sort()).toEqual(idsByPlainText(/urbanisme/i).sort());
    },
  );

  it('counts the articles that mention a word', () => {
    expect(simulator.control.articlesMentioning('Urbanisme')).toBe(URBANISME);
    expect(simulator.control.articlesMentioning('xylophone')).toBe(0);
  });

  it('names texts in search results by an id with the day of their version', async () => {
    const { body } = await client.post('/search', searchFor('CODE_DATE', 'urbanisme', { pageSize: 100 }));
    const titles = (body['results'] as Json[]).flatMap(({ titles }) => titles as Json[]);
    expect(titles.map(({ cid }) => cid).sort()).toEqual([
      'LEGITEXT000006071367',
      'LEGITEXT000006072050',
      'LEGITEXT000006073189',
      'LEGITEXT000031366350',
    ]);
    for (const { id } of titles) expect(id).toMatch(/^LEGITEXT\d{12}_\d{2}-\d{2}-\d{4}$/);
  });

  it('limits a search to the codes in NOM_CODE', async () => {
    const filtres = [
      { facette: 'NOM_CODE', valeurs: ['Code du travail'] },
      { facette: 'DATE_VERSION', singleDate: '2026-03-28' },
    ];
    const { body } = await client.post('/search', searchFor('CODE_DATE', 'urbanisme', { filtres }));
    expect(body['totalResultNumber']).toBe(3);
  });

  it('answers an article with its text, its dates in epoch ms and its place in the code', async () => {
    const { body } = await client.post('/consult/getArticle', { id: 'LEGIARTI000031367304' });
    expect(body['article']).toMatchObject({
      num: 'L100-1',
      etat: 'VIGUEUR',
      versionArticle: '1.0',
      dateDebut: 1_451_606_400_000,
      dateFin: 32_472_144_000_000,
      sectionParentId: 'LEGISCTA000031367302',
      fullSectionsTitre: 'Dispositions préliminaires',
    });
  });

  it('lists the codes by title, page by page', async () => {
    const page = async (pageNumber: number) =>
      (await client.post('/list/code', { pageNumber, pageSize: 3, states: ['VIGUEUR'] })).body;
    const [first, second] = [await page(1), await page(2)];
    expect(first['totalResultNumber']).toBe(4);
    const titles = [first, second].flatMap(({ results }) =>
      (results as Json[]).map(({ titre }) => titre as string),
    );
    expect(titles).toEqual([...titles].sort((a, b) => a.localeCompare(b, 'fr')));
    expect(titles).toHaveLength(4);
  });
});

/** What the package itself says, read without any code of the simulator. */
function idsByPlainText(word: RegExp): string[] {
  const idsIn = (node: SourceNode): string[] => [
    ...(node.type === 'article' && word.test(node.data.texte ?? '') ? [node.data.id] : []),
    ...(node.children ?? []).flatMap(idsIn),
  ];
  const { resolve } = createRequire(import.meta.url);
  const source = (id: string) => readFileSync(resolve(`@socialgouv/legi-data/data/${id}.json`), 'utf8');
  return Object.keys(ARTICLES).flatMap((id) => idsIn(JSON.parse(source(id)) as SourceNode));
}

function articlesIn(tree: Tree): Json[] {
  return [...tree.articles, ...tree.sections.flatMap(articlesIn)];
}

function extractIds(body: Json): unknown[] {
  const sections = (body['results'] as Json[]).flatMap(({ sections }) => sections as Json[]);
  return sections.flatMap(({ extracts }) => (extracts as Json[]).map(({ id }) => id));
}
