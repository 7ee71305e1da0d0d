import { z } from 'zod';
import { LegisyncError } from '../../contract/failures.ts';
import { MalformedAnswer } from '../answers.ts';
import type { ApiRequest } from '../api.ts';
import type { Log } from '../log.ts';
import { listedId, stripVersion } from '../ids.ts';
import { revisionOf } from './revision.ts';
import type { ListedDocument } from '../types.ts';

/**
 * States of articles that are not in force, from DILA's lexicon. All other states are kept: in
 * force, in force from a future day (`VIGUEUR_DIFF`), repealed from a future day (`ABROGE_DIFF`),
 * absent or unknown; the content of the last two must decide. Listing an article too many costs one
 * consult; nobody would notice a missing one.
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

/**
 * Limits of a plausible table: the largest code has some 12,000 articles in force, 10 levels deep.
 */
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
 * The request for a code's table of contents. Lists every article except those out of force, in the
 * order of the code. Sections (`LEGISCTA…`) are not documents and are only traversed.
 *
 * @throws LegisyncError `LEGIFRANCE_REJECTED` if `code` is not the id of a code.
 */
export function tableRequest(code: string, day: string, log: Log): ApiRequest<readonly ListedDocument[]> {
  if (listedId(code, 'LEGITEXT') !== code) {
    throw new LegisyncError(
      'LEGIFRANCE_REJECTED',
      `${JSON.stringify(code.slice(0, 60))} is not the id of a code: LEGITEXT and twelve digits. \`/list/code\` lists the codes.`,
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
        log.warn({ code, malformed }, 'Left out entries of a table of contents that have no usable id.');
      return documents;
    },
  };
}

function readTable(code: string, json: unknown): { documents: ListedDocument[]; malformed: number } {
  const root = rootSchema.safeParse(json);
  if (!root.success) throw new MalformedAnswer('an invalid table of contents');
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
  // An empty table would mean that every article of the code is withdrawn. The API sends incomplete
  // tables while it is being updated.
  if (entries === 0) throw new MalformedAnswer('a table of contents without a single article');
  return { documents: [...byId.values()], malformed };
}

/**
 * The entries for articles, unchecked, in the table's order: at each level, articles before
 * sections.
 */
function* articlesOf(table: unknown): Generator {
  const open: { node: unknown; depth: number }[] = [{ node: table, depth: 0 }];
  let nodes = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const section = sectionSchema.safeParse(next.node);
    if (!section.success) throw new MalformedAnswer('an invalid section');
    const { articles, sections } = section.data;
    nodes += 1 + (articles?.length ?? 0);
    if (nodes > MAX_NODES || next.depth > MAX_DEPTH) {
      throw new MalformedAnswer(
        `a table of contents of more than ${MAX_NODES} entries or ${MAX_DEPTH} levels`,
      );
    }
    yield* articles ?? [];
    for (const node of (sections ?? []).toReversed()) open.push({ node, depth: next.depth + 1 });
  }
}
