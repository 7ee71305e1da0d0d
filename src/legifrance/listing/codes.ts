import { z } from 'zod';
import { MalformedAnswer } from '../answers.ts';
import type { Api } from '../api.ts';
import { listedId } from '../ids.ts';
import type { CodeSummary } from '../types.ts';

const PAGE_SIZE = 100;

/** There are fewer than 100 codes in force; ten pages leave ample room for new ones. */
const MAX_PAGES = 10;

const answerSchema = z.object({
  // Not nullable: an answer without codes would silently end the enumeration of a source.
  results: z.array(
    z.object({ id: z.unknown().optional(), titre: z.string().nullish(), etat: z.string().nullish() }),
  ),
  totalResultNumber: z.number().int().nonnegative(),
});

/**
 * Every code in force. If an answer has no codes, or fewer than its total says, the request is
 * retried and then fails as malformed: there are always codes in force.
 *
 * @throws LegisyncError `LEGIFRANCE_*`; the signal's reason when it is aborted.
 */
export async function listCodes(
  api: Api,
  signal: AbortSignal,
  rank?: number,
): Promise<readonly CodeSummary[]> {
  const codes = new Map<string, CodeSummary>();
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { listed, last } = await api.request(
      {
        kind: 'listing',
        path: '/list/code',
        subject: `page ${page}`,
        body: { pageNumber: page, pageSize: PAGE_SIZE, states: ['VIGUEUR'] },
        read: (json) => readCodes(json, page),
      },
      signal,
      rank,
    );
    for (const code of listed) codes.set(code.id, code);
    if (last) break;
  }
  return [...codes.values()];
}

function readCodes(json: unknown, page: number): { listed: CodeSummary[]; last: boolean } {
  const parsed = answerSchema.safeParse(json);
  if (!parsed.success) throw new MalformedAnswer('no list of codes');
  const { results, totalResultNumber: total } = parsed.data;
  const expected = Math.min(Math.max(total - (page - 1) * PAGE_SIZE, 0), PAGE_SIZE);
  if (total > MAX_PAGES * PAGE_SIZE || results.length < expected) {
    throw new MalformedAnswer(`${results.length} codes on page ${page}, ${total} in total`);
  }
  const listed = results.flatMap(({ id: name, titre, etat }) => {
    const id = listedId(name, 'LEGITEXT');
    return id === null ? [] : [{ id, title: titre ?? '', state: etat ?? '' }];
  });
  if (page === 1 && listed.length === 0) throw new MalformedAnswer('a list without a single code');
  return { listed, last: results.length < PAGE_SIZE };
}
