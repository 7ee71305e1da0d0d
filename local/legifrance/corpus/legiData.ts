import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { packArticle, PackedArticles, type ArticleData } from './articles.ts';
import { articleOf, type Article, type Code, type Section } from './codeTree.ts';
import { fold } from './fold.ts';
import { TextIndex } from './textIndex.ts';

/** Trees of `@socialgouv/legi-data`: unist nodes with data from the API. */
interface SourceSection {
  readonly type: 'section';
  readonly data: Pick<Section, 'id' | 'cid' | 'title' | 'etat' | 'intOrdre' | 'dateDebut' | 'dateFin'>;
  readonly children?: readonly SourceNode[];
}
interface SourceArticle {
  readonly type: 'article';
  readonly data: ArticleData;
}
export type SourceNode = SourceSection | SourceArticle;
interface SourceCode {
  readonly data: Pick<
    Code,
    'id' | 'cid' | 'title' | 'etat' | 'dateModif' | 'dateDebutVersion' | 'dateFinVersion'
  >;
  readonly children: readonly SourceNode[];
}

/**
 * Loads one real code from the npm package `@socialgouv/legi-data`; the lockfile pins its version.
 *
 * @throws Error if the package is not installed or does not contain the code.
 */
export async function loadLegiDataCode(id: string): Promise<Code> {
  let text: string;
  try {
    const path = createRequire(import.meta.url).resolve(`@socialgouv/legi-data/data/${id}.json`);
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new Error(
      `Code ${id} is not in npm @socialgouv/legi-data. Run \`npm ci\`, or leave the code out.`,
      { cause },
    );
  }
  return buildCode(JSON.parse(text) as SourceCode);
}

/** Converts a source tree into the simulator's compact form. */
export function buildCode(source: SourceCode): Code {
  const articles: Article[] = [];
  const packed: Buffer[] = [];
  const texts: Buffer[] = [];

  const addArticle = (data: ArticleData, parent: Section | undefined): Article => {
    const article = articleOf(data, articles.length, parent);
    articles.push(article);
    packed.push(packArticle(data));
    texts.push(fold(data.texte));
    return article;
  };
  const addNodes = (nodes: readonly SourceNode[], parent: Section | undefined): (Section | Article)[] =>
    nodes.map((node) => {
      if (node.type === 'article') return addArticle(node.data, parent);
      const children: (Section | Article)[] = [];
      const { id, cid, title, etat, intOrdre, dateDebut, dateFin } = node.data;
      const section: Section = {
        kind: 'section',
        id,
        cid,
        title,
        etat,
        intOrdre,
        dateDebut,
        dateFin,
        parent,
        children,
      };
      children.push(...addNodes(node.children ?? [], section));
      return section;
    });

  const { id, cid, title, etat, dateModif, dateDebutVersion, dateFinVersion } = source.data;
  const children = addNodes(source.children, undefined);
  return {
    id,
    cid,
    title,
    etat,
    dateModif,
    dateDebutVersion,
    dateFinVersion,
    children,
    articles,
    packed: new PackedArticles(packed),
    index: new TextIndex(texts),
  };
}
