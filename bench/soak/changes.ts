import { CodeCorpus } from '../../local/legifrance/corpus/codes.ts';
import { pick, type Random } from '../../local/legifrance/corpus/random.ts';
import type { Settings } from '../../local/legifrance/options.ts';
import { documentPath } from '../../src/contract/documents.ts';
import type { SoakStack } from './stack.ts';
import { command } from './legifrance.ts';

/** A code of law that the simulator has. */
export type LawCode = Settings['codes'][number];

/** Decisions that arrive, and articles that change, in one step. */
const ADDED = 15;
const REVISED = 8;

/**
 * The documents that the simulator holds, and how they have changed. The articles are read from the
 * simulator's own data, so that a mistake in our listing cannot hide here.
 */
export class Documents {
  readonly #stack: SoakStack;
  readonly #collection: string;
  readonly #articles: readonly string[];
  readonly #revisions = new Map<string, number>();
  /** Numbers of the first decision and of the last one. */
  readonly #first: number;
  #last: number;

  private constructor(
    stack: SoakStack,
    collection: string,
    articles: readonly string[],
    initial: number,
    added: Added,
  ) {
    this.#stack = stack;
    this.#collection = collection;
    this.#articles = articles;
    this.#first = numberOf(added.first) - initial;
    this.#last = numberOf(added.last);
  }

  /**
   * Adds the first decisions. Their ids say which ids the initial ones have: ids are consecutive.
   *
   * @param initial decisions at the start of the simulator
   */
  static async open(
    stack: SoakStack,
    {
      collection,
      code,
      initial,
    }: { readonly collection: string; readonly code: LawCode; readonly initial: number },
  ): Promise<Documents> {
    const corpus = await CodeCorpus.load({ codes: [code], syntheticCodes: [], seed: 1 });
    const articles = corpus.codes.flatMap(({ articles: all }) => all.map(({ id }) => id));
    return new Documents(stack, collection, articles, initial, await addDecisions(stack));
  }

  /** Articles change. If `arrive` is set, decisions arrive first. */
  async change(random: Random, arrive: boolean): Promise<void> {
    if (arrive) this.#last = numberOf((await addDecisions(this.#stack)).last);
    for (let times = 0; times < REVISED; times += 1) {
      const id = pick(random, this.#articles);
      await command(this.#stack.legifranceUrl, { action: 'reviseArticle', id });
      this.#revisions.set(id, (this.#revisions.get(id) ?? 0) + 1);
    }
  }

  /** The files of all documents. */
  paths(): readonly string[] {
    const decisions = Array.from({ length: this.#last - this.#first + 1 }, (_, n) =>
      decisionId(this.#first + n),
    );
    return [...this.#articles, ...decisions].map((id) => documentPath(this.#collection, id));
  }

  /** The files of the articles that have changed, with a text that their current version contains. */
  changed(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#revisions].map(([id, revision]) => [
        documentPath(this.#collection, id),
        `(révision simulée ${revision})`,
      ]),
    );
  }
}

interface Added {
  readonly first: string;
  readonly last: string;
}

async function addDecisions({ legifranceUrl }: SoakStack): Promise<Added> {
  return (await command(legifranceUrl, { action: 'addDecisions', count: ADDED })) as Added;
}

const numberOf = (id: string): number => Number(id.replace(/\D/g, ''));
const decisionId = (number: number): string => `CETATEXT${String(number).padStart(12, '0')}`;
