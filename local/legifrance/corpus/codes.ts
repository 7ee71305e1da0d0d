import type { Settings } from '../options.ts';
import type { ArticleData } from './articles.ts';
import { versionOf, type Article, type Code } from './codeTree.ts';
import { dayNumber, DAY_MS, isoDayOf } from './dates.ts';
import { foldedWords } from './fold.ts';
import { loadLegiDataCode } from './legiData.ts';
import { buildSyntheticCode } from './syntheticCode.ts';

/** An article and its code. */
export interface Located {
  readonly code: Code;
  readonly article: Article;
}

interface Revision {
  readonly count: number;
  readonly texte: string | undefined;
}

/** The text that a simulated revision names as its origin. */
const REVISING_TEXT = { cid: 'JORFTEXT000099000001', title: 'Décret de révision simulée - art. 1' };

/** The codes, and their changes since the start. */
export class CodeCorpus {
  readonly codes: readonly Code[];
  readonly #byId = new Map<string, Located>();
  readonly #revisions = new Map<string, Revision>();
  readonly #removed = new Set<string>();
  /** Number of changes of each code. Data derived from a code is stale when it increases. */
  readonly #changes = new Map<string, number>();

  private constructor(codes: readonly Code[]) {
    this.codes = codes;
    for (const code of codes)
      for (const article of code.articles) this.#byId.set(article.id, { code, article });
  }

  /**
   * Loads the codes of the settings one by one, so that only one complete tree is in memory.
   */
  static async load(settings: Pick<Settings, 'codes' | 'syntheticCodes' | 'seed'>): Promise<CodeCorpus> {
    const codes: Code[] = [];
    for (const id of settings.codes) codes.push(await loadLegiDataCode(id));
    for (const description of settings.syntheticCodes)
      codes.push(buildSyntheticCode(description, settings.seed));
    return new CodeCorpus(codes);
  }

  /** Number of articles that have not been removed. */
  get articleCount(): number {
    return this.#byId.size - this.#removed.size;
  }

  /** Number of articles with a word, or a sequence of words, in their text. */
  countMentioning(words: string): number {
    const phrase = foldedWords(words).join(' ');
    const mentions = (code: Code) => {
      const ordinals = code.index.ordinalsWith(phrase);
      return code.articles.filter((article) => ordinals.has(article.ordinal) && !this.isRemoved(article))
        .length;
    };
    return this.codes.reduce((count, code) => count + mentions(code), 0);
  }

  /** A code by its id or its cid; they differ for the code rural. */
  code(idOrCid: string): Code | undefined {
    return this.codes.find((code) => code.id === idOrCid || code.cid === idOrCid);
  }

  /** An article that has not been removed. */
  find(id: string): Located | undefined {
    return this.#removed.has(id) ? undefined : this.#byId.get(id);
  }

  isRemoved(article: Article): boolean {
    return this.#removed.has(article.id);
  }

  /** How often a code has changed since the start. */
  changes(code: Code): number {
    return this.#changes.get(code.id) ?? 0;
  }

  /** How often an article has been revised since the start. */
  revisionOf(article: Article): number {
    return this.#revisions.get(article.id)?.count ?? 0;
  }

  /**
   * Date of a code's last change, `YYYY-MM-DD`. Each change here moves it by a day, so no clock is
   * needed.
   */
  lastUpdate(code: Code): string {
    return laterDay(code.dateModif, this.changes(code));
  }

  /**
   * An article as the table of contents shows it now. A revision moves its start and names the
   * revising text.
   */
  current({ code, article }: Located): Article {
    const revision = this.#revisions.get(article.id);
    if (revision === undefined) return article;
    const date = laterDay(code.dateModif, revision.count);
    return {
      ...article,
      dateDebut: dayNumber(date) * DAY_MS,
      version: laterVersion(article.version, revision.count),
      versions: article.versions + revision.count,
      modification: { ...REVISING_TEXT, date },
    };
  }

  /** The current data of an article, with its text. */
  read(located: Located): ArticleData {
    const data = located.code.packed.read(located.article.ordinal);
    const revision = this.#revisions.get(data.id);
    if (revision === undefined) return data;
    const { dateDebut } = this.current(located);
    const note = ` (révision simulée ${revision.count})`;
    const texte = revision.texte ?? data.texte + note;
    return {
      ...data,
      texte,
      texteHtml: revision.texte === undefined ? data.texteHtml + `<p>${note.trim()}</p>` : `<p>${texte}</p>`,
      dateDebut,
      articleVersions: data.articleVersions.map((version) =>
        version.id === data.id
          ? { ...version, dateDebut, version: laterVersion(versionOf(data), revision.count) }
          : version,
      ),
    };
  }

  /**
   * Changes an article's text: to `texte`, or by adding a revision number. Returns false for an
   * unknown id.
   */
  revise(id: string, texte: string | undefined): boolean {
    const located = this.find(id);
    if (located === undefined) return false;
    this.#revisions.set(id, { count: this.revisionOf(located.article) + 1, texte });
    located.code.index.change(located.article.ordinal, this.read(located).texte);
    this.#touch(located.code);
    return true;
  }

  /** Removes an article from every answer. Returns false for an unknown id. */
  remove(id: string): boolean {
    const located = this.find(id);
    if (located === undefined) return false;
    this.#removed.add(id);
    this.#touch(located.code);
    return true;
  }

  #touch(code: Code): void {
    this.#changes.set(code.id, this.changes(code) + 1);
  }
}

function laterDay(isoDay: string, days: number): string {
  return isoDayOf((dayNumber(isoDay) + days) * DAY_MS);
}

function laterVersion(version: string, steps: number): string {
  return `${Math.trunc(Number.parseFloat(version)) + steps}.0`;
}
