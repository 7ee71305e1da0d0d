import { z } from 'zod';
import { LegisyncError } from '../../contract/failures.ts';
import { MalformedAnswer } from '../answers.ts';
import type { Question } from '../api.ts';
import type { Log } from '../log.ts';
import { listedId, revisionOf, stripVersion } from './listing.ts';
import type { ListedDocument } from '../types.ts';

/**
 * States of an article that is known to be out of force, from DILA's lexicon. What is not here is kept: in force, to be
 * (`VIGUEUR_DIFF`), repealed as of a day to come (`ABROGE_DIFF`), or of no stated or no known state, where its content
 * must decide. An article too many costs a consult; one left out would never be noticed.
 */
const OUT_OF_FORCE: ReadonlySet<unknown> = new Set([
  'ABROGE',
  'ANNULE',
  'DENONCE',
  'DISJOINT',
  'MODIFIE',
  'MODIFIE_MORT_NE',
  'PERIME',
  'REMPLACE',
  'SUBSTITUE',
  'TRANSFERE',
]);

/** Bounds of a believable table: the largest code has some 12,000 articles in force, under 10 levels of sections. */
const MAX_NODES = 500_000;
const MAX_DEPTH = 100;

const field = z.unknown().optional();

const entrySchema = z.object({
  id: field,
  etat: field,
  num: field,
  dateDebut: field,
  dateFin: field,
  modificatorCid: field,
  modificatorDate: field,
  articleVersion: field,
});

const sectionSchema = z.object({
  sections: z.array(z.unknown()).nullish(),
  articles: z.array(z.unknown()).nullish(),
});

const rootSchema = sectionSchema.extend({ id: z.string().nullish(), cid: z.string().nullish() });

/**
 * The question for a code's table of contents: every article that is not out of force, in the order of the code. Sections
 * (`LEGISCTA…`) are no documents, and walked through only.
 *
 * @throws LegisyncError `LEGIFRANCE_REJECTED` where `code` is no id of a code.
 */
export function tableQuestion(code: string, day: string, log: Log): Question<readonly ListedDocument[]> {
  if (listedId(code, 'LEGITEXT') !== code) {
    throw new LegisyncError(
      'LEGIFRANCE_REJECTED',
      `${JSON.stringify(code.slice(0, 60))} is no code: its id is LEGITEXT and twelve digits; see \`/list/code\`.`,
    );
  }
  return {
    kind: 'listing',
    path: '/consult/legi/tableMatieres',
    subject: `${code} as of ${day}`,
    body: { textId: code, date: day, nature: 'CODE' },
    read(json) {
      const { documents, malformed } = readTable(code, json);
      if (malformed > 0)
        log.warn({ code, malformed }, 'Entries of a table of contents have no usable id; left out.');
      return documents;
    },
  };
}

function readTable(code: string, json: unknown): { documents: ListedDocument[]; malformed: number } {
  const root = rootSchema.safeParse(json);
  if (!root.success) throw new MalformedAnswer('no table of contents');
  const names = [root.data.id, root.data.cid].filter((name) => typeof name === 'string').map(stripVersion);
  if (names.length > 0 && !names.includes(code)) {
    throw new MalformedAnswer(`the table of contents of ${names.join(', ').slice(0, 100)}`);
  }
  const byId = new Map<string, ListedDocument>();
  let entries = 0;
  let malformed = 0;
  for (const article of articlesOf(json)) {
    entries += 1;
    const parsed = entrySchema.safeParse(article);
    if (!parsed.success) {
      malformed += 1;
      continue;
    }
    const { etat, num, dateDebut, dateFin, modificatorCid, modificatorDate, articleVersion } = parsed.data;
    if (OUT_OF_FORCE.has(etat)) continue;
    const id = listedId(parsed.data.id, 'LEGIARTI');
    if (id === null) {
      malformed += 1;
    } else if (!byId.has(id)) {
      const revision = revisionOf([
        etat,
        num,
        dateDebut,
        dateFin,
        modificatorCid,
        modificatorDate,
        articleVersion,
      ]);
      byId.set(id, { id, revision });
    }
  }
  // An empty table would make us take every article of the code for withdrawn; the API gives incomplete ones while it
  // is being updated.
  if (entries === 0) throw new MalformedAnswer('a table of contents without a single article');
  return { documents: [...byId.values()], malformed };
}

/** The articles of a table, whatever they are, in its order: at each level articles come before sections. */
function* articlesOf(table: unknown): Generator {
  const open: { node: unknown; depth: number }[] = [{ node: table, depth: 0 }];
  let nodes = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const section = sectionSchema.safeParse(next.node);
    if (!section.success) throw new MalformedAnswer('a section that is none');
    const { articles, sections } = section.data;
    nodes += 1 + (articles?.length ?? 0);
    if (nodes > MAX_NODES || next.depth > MAX_DEPTH) {
      throw new MalformedAnswer(`a table of contents beyond ${MAX_NODES} entries or ${MAX_DEPTH} levels`);
    }
    yield* articles ?? [];
    for (const node of (sections ?? []).toReversed()) open.push({ node, depth: next.depth + 1 });
  }
}
