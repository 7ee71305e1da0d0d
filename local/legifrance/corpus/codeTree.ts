import type { ArticleData, PackedArticles } from './articles.ts';
import { NO_END_DAY } from './dates.ts';
import type { TextIndex } from './textIndex.ts';

/** A code: its data, its tree, and its packed articles. */
export interface Code {
  readonly id: string;
  readonly cid: string;
  readonly title: string;
  readonly etat: string;
  /** `YYYY-MM-DD`, like all dates of codes and sections. */
  readonly dateModif: string;
  readonly dateDebutVersion: string;
  readonly dateFinVersion: string;
  readonly children: readonly (Section | Article)[];
  /** In the order of the table of contents; an article's `ordinal` is its index here. */
  readonly articles: readonly Article[];
  readonly packed: PackedArticles;
  readonly index: TextIndex;
}

export interface Section {
  readonly kind: 'section';
  readonly id: string;
  readonly cid: string;
  readonly title: string;
  readonly etat: string;
  readonly intOrdre: number;
  readonly dateDebut: string;
  readonly dateFin: string;
  readonly parent: Section | undefined;
  readonly children: readonly (Section | Article)[];
}

/** An article in a table of contents; its text stays packed. */
export interface Article {
  readonly kind: 'article';
  readonly id: string;
  readonly cid: string;
  readonly num: string | null;
  readonly etat: string | null;
  readonly intOrdre: number;
  /** Epoch ms. */
  readonly dateDebut: number;
  readonly dateFin: number;
  readonly version: string;
  readonly versions: number;
  readonly modification: Modification | undefined;
  readonly ordinal: number;
  readonly parent: Section | undefined;
}

/** The text that last changed an article. */
interface Modification {
  readonly cid: string | null;
  readonly title: string | null;
  readonly date: string;
}

/** Selects the data of an article that the table of contents needs. */
export function articleOf(data: ArticleData, ordinal: number, parent: Section | undefined): Article {
  return {
    kind: 'article',
    id: data.id,
    cid: data.cid,
    num: data.num,
    etat: data.etat,
    intOrdre: data.intOrdre,
    dateDebut: data.dateDebut,
    dateFin: data.dateFin,
    version: versionOf(data),
    versions: data.articleVersions.length,
    modification: latestModification(data),
    ordinal,
    parent,
  };
}

/**
 * The version label of an article in its history; `1.0` if the history does not contain it.
 */
export function versionOf(data: ArticleData): string {
  return data.articleVersions.find((version) => version.id === data.id)?.version ?? '1.0';
}

/** The sections from the code down to the article. */
export function sectionsAbove(article: Article): Section[] {
  const path: Section[] = [];
  for (let section = article.parent; section !== undefined; section = section.parent) path.unshift(section);
  return path;
}

/**
 * Links to the article ("cible") name the texts that changed it; the others name the texts that it
 * changed.
 */
function latestModification(data: ArticleData): Modification | undefined {
  let latest: Modification | undefined;
  for (const link of data.lienModifications) {
    const date = link.dateDebutCible;
    if (link.linkOrientation !== 'cible' || date === null || date === NO_END_DAY) continue;
    if (latest === undefined || date > latest.date)
      latest = { cid: link.textCid, title: link.textTitle, date };
  }
  return latest;
}
