/** A version in an article's history; dates in epoch ms. */
interface ArticleVersion {
  readonly id: string;
  readonly etat: string | null;
  readonly version: string;
  readonly dateDebut: number;
  readonly dateFin: number;
  readonly numero: string | null;
  readonly ordre: number | null;
}

/** A text that created or changed an article; dates are `YYYY-MM-DD`. */
interface ModificationLink {
  readonly textCid: string | null;
  readonly textTitle: string | null;
  readonly linkType: string | null;
  readonly linkOrientation: string | null;
  readonly articleNum: string | null;
  readonly articleId: string | null;
  readonly natureText: string | null;
  readonly datePubliTexte: string | null;
  readonly dateSignaTexte: string | null;
  readonly dateDebutCible: string | null;
}

/** An article with its text, as in `@socialgouv/legi-data` (from `/consult/getArticle`). */
export interface ArticleData {
  readonly id: string;
  readonly cid: string;
  readonly num: string | null;
  readonly etat: string | null;
  readonly intOrdre: number;
  readonly texte: string;
  readonly texteHtml: string;
  readonly nota: string;
  readonly notaHtml: string;
  readonly dateDebut: number;
  readonly dateFin: number;
  readonly dateDebutExtension: number;
  readonly dateFinExtension: number;
  readonly articleVersions: readonly ArticleVersion[];
  readonly lienModifications: readonly ModificationLink[];
}

/**
 * Articles packed as JSON in one buffer outside the heap. The four codes take 90 MB this way; as
 * objects they would take some 400 MB, and every garbage collection would traverse them.
 */
export class PackedArticles {
  readonly #bytes: Buffer;
  readonly #ends: Uint32Array;

  constructor(articles: readonly Buffer[]) {
    this.#bytes = Buffer.concat(articles);
    this.#ends = new Uint32Array(articles.length);
    let end = 0;
    articles.forEach((article, ordinal) => {
      end += article.length;
      this.#ends[ordinal] = end;
    });
  }

  /**
   * @param ordinal place of the article in its code, from 0.
   * @throws RangeError if there is no such article.
   */
  read(ordinal: number): ArticleData {
    const end = this.#ends[ordinal];
    if (end === undefined) {
      throw new RangeError(`There is no article ${ordinal}: the code has ${this.#ends.length} articles.`);
    }
    const start = ordinal === 0 ? 0 : (this.#ends[ordinal - 1] ?? 0);
    return JSON.parse(this.#bytes.toString('utf8', start, end)) as ArticleData;
  }
}

/** Packs one article for {@link PackedArticles}. */
export function packArticle(article: ArticleData): Buffer {
  return Buffer.from(JSON.stringify(article));
}
