import type { CodesSource } from '../../contract/collections.ts';
import { RANK, REGISTER_CHUNK } from '../../contract/limits.ts';
import { registerPage, today, type SliceWork } from './sliceWork.ts';

/** Splits the source into one slice for each code. */
export async function splitIntoCodes(work: SliceWork, { name, codes }: CodesSource): Promise<void> {
  const { deps, batch, slice, signals } = work;
  const inForce = new Set(
    (await deps.legifrance.listCodes(signals.cancelled, RANK.massiveListing)).map(({ id }) => id),
  );
  const wanted = codes ?? [...inForce];
  for (const code of wanted.filter((id) => !inForce.has(id))) {
    deps.log.warn(
      { source: name, code },
      'a configured code is not in force; its table of contents is requested nevertheless',
    );
  }
  await deps.catalogue.splitSlice(
    batch,
    slice,
    wanted.map((code) => ({ kind: 'code', code })),
  );
}

/**
 * Lists one table of contents. It is one answer, and is registered in chunks. Stops if another
 * batch has the slice, which then reads it again.
 */
export async function listCode(work: SliceWork, code: string): Promise<void> {
  const { deps, signals } = work;
  const documents = await deps.legifrance.tableOfContents(
    code,
    today(work),
    signals.cancelled,
    RANK.massiveListing,
  );
  const last = Math.max(1, Math.ceil(documents.length / REGISTER_CHUNK));
  for (let page = 1; page <= last; page += 1) {
    const chunk = documents.slice((page - 1) * REGISTER_CHUNK, page * REGISTER_CHUNK);
    const action = page === last ? 'whole' : 'continue';
    if ((await registerPage(work, { page, documents: chunk, action })) === 'lost') return;
  }
}
