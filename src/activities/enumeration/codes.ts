import type { CodesSource } from '../../contract/collections.ts';
import { RANK, registerPage, today, type SliceWork } from './sliceWork.ts';

/** Ids written in one statement: 2,000 take about 100 ms, far below any statement timeout. */
const CHUNK = 2_000;

/** The whole source becomes one slice a code. */
export async function splitIntoCodes(work: SliceWork, { name, codes }: CodesSource): Promise<void> {
  const { deps, batch, slice, signals } = work;
  const inForce = new Set((await deps.legifrance.listCodes(signals.cancelled, RANK)).map(({ id }) => id));
  const wanted = codes ?? [...inForce];
  for (const code of wanted.filter((id) => !inForce.has(id))) {
    deps.log.warn(
      { source: name, code },
      'a configured code is not in force; its table of contents is asked all the same',
    );
  }
  await deps.catalogue.splitSlice(
    batch,
    slice,
    wanted.map((code) => ({ kind: 'code', code })),
  );
}

/**
 * One table of contents: one answer, registered in chunks. Stops when the slice is lost; it is read
 * again then.
 */
export async function listCode(work: SliceWork, code: string): Promise<void> {
  const { deps, signals } = work;
  const documents = await deps.legifrance.tableOfContents(code, today(work), signals.cancelled, RANK);
  const last = Math.max(1, Math.ceil(documents.length / CHUNK));
  for (let page = 1; page <= last; page += 1) {
    const chunk = documents.slice((page - 1) * CHUNK, page * CHUNK);
    const action = page === last ? 'whole' : 'continue';
    if ((await registerPage(work, { page, documents: chunk, action })) === 'lost') return;
  }
}
