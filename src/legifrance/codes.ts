import { z } from 'zod';
import { MalformedAnswer } from './answers.ts';
import type { Api } from './api.ts';
import { listedId } from './listing.ts';
import type { CodeSummary } from './types.ts';

const PAGE_SIZE = 100;

/** There are fewer than 100 codes in force; ten pages leave room for whatever the legislator may do. */
const MAX_PAGES = 10;

const answerSchema = z.object({
  results: z
    .array(z.object({ id: z.unknown().optional(), titre: z.string().nullish(), etat: z.string().nullish() }))
    .nullish(),
  totalResultNumber: z.number().int().nonnegative(),
});

/**
 * Every code in force.
 *
 * @throws LegisyncError `LEGIFRANCE_*`; the signal's reason when it is aborted.
 */
export async function listCodes(api: Api, signal: AbortSignal): Promise<readonly CodeSummary[]> {
  const codes = new Map<string, CodeSummary>();
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const results = await api.ask(
      {
        kind: 'listing',
        path: '/list/code',
        subject: `page ${page}`,
        body: { pageNumber: page, pageSize: PAGE_SIZE, states: ['VIGUEUR'] },
        read: readResults,
      },
      signal,
    );
    for (const { id: listed, titre, etat } of results) {
      const id = listedId(listed, 'LEGITEXT');
      if (id !== null) codes.set(id, { id, title: titre ?? '', state: etat ?? '' });
    }
    if (results.length < PAGE_SIZE) break;
  }
  return [...codes.values()];
}

function readResults(json: unknown) {
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) throw new MalformedAnswer('no list of codes');
  return parsed.data.results ?? [];
}
