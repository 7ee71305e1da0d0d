import { openMassive, type MassiveStack } from './massive.ts';

/** Articles of the code: one batch. */
export const ARTICLES = 25;

/** Documents that are answered at once. */
export const ANSWERED = 10;

/**
 * Opens a stack whose first upload stays in progress: after {@link ANSWERED} documents, each answer
 * takes `lateMs`. `clearFaults` of the simulator ends that for later requests.
 */
export async function openHeldUpload(code: string, lateMs: number): Promise<MassiveStack> {
  const massive = await openMassive([{ kind: 'codes', name: 'codes', codes: [code] }], {
    legifrance: {
      codes: [],
      syntheticCodes: [{ id: code, title: 'Code des boutons', articles: ARTICLES }],
    },
  });
  const { control } = massive.stack.simulator;
  control.fault({ kind: 'slow', path: '/consult/getArticle', delayMs: 1, times: ANSWERED });
  control.fault({ kind: 'slow', path: '/consult/getArticle', delayMs: lateMs, times: 1_000_000 });
  return massive;
}
