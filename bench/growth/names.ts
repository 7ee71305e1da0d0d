export const BUCKET = 'legifrance';

/** Collections with a quarter of the documents each: stored; waiting for a retry; due. */
export const STORED = 'cat00';
export const WAITING = 'cat01';
export const DUE = 'cat02';
/** The fourth, `cat03`, is stored as well. */
export const CATEGORIES = 4;

/** The batch of the calls, as a value and as SQL. */
export const BATCH = { workflow: 'massive:bench', run: 'bench', sequence: 1 } as const;
export const HOLDER = `row('${BATCH.workflow}', '${BATCH.run}', ${BATCH.sequence})::legisync.batch`;
