import type { GrowthCase } from './case.ts';
import { BATCH, BUCKET, DUE, HOLDER, STORED, WAITING } from './names.ts';

const batch = `'${JSON.stringify(BATCH)}'`;
const other = `'${JSON.stringify({ ...BATCH, workflow: 'massive:other' })}'`;

/** SQL of 100 ids, and of a page, as arguments of the functions. */
const idsOf = (where: string): string =>
  `select array_agg(id) from (select id from listed where ${where} limit 100) p`;
const pageOf = (where: string, rest: string): string =>
  `select jsonb_agg(jsonb_build_object('id', id, 'revision', 'r1')) from (select id from listed where ${where} ${rest}) p`;
const secondPage = (category: string): string =>
  `category = '${category}' and code = '' and n between 100 and 199`;

/** A call for the batch's slice of a kind, at its current page. */
const register = (category: string, kind: string, action: string, page: string) => {
  const column = (name: string): string =>
    `select ${name} from legisync.slices where holder = ${HOLDER} and collection = '${category}' and kind = '${kind}'`;
  return {
    given: { slice: column('id'), round: column('round'), next: column('page'), page },
    call: `legisync_register_slice('${BUCKET}', {slice}, ${batch}, {round}, {next}, {page}, '${action}', 60, 'trust')`,
  };
};

/** Passes and slices. */
export const ENUMERATION: readonly GrowthCase[] = [
  {
    name: 'open_pass',
    call: `legisync_open_pass('${STORED}', '{search,codes}', 60)`,
    expect: `(a ->> 'openSlices')::int > 1`,
  },
  {
    name: 'open_pass, a quarter of all documents waits',
    call: `legisync_open_pass('${WAITING}', '{search}', 60)`,
    expect: `(a ->> 'due')::int = 0`,
  },
  {
    name: 'open_pass, a quarter of all documents is due',
    call: `legisync_open_pass('${DUE}', '{search}', 60)`,
    expect: `(a ->> 'due')::int = 1000`,
  },
  {
    name: 'lease_slice',
    call: `legisync_lease_slice('${STORED}', 1, ${other}, 60)`,
    expect: `a ->> 'id' is not null`,
  },
  {
    name: 'register_slice, 100 unchanged documents',
    ...register(STORED, 'window', 'continue', pageOf(secondPage(STORED), '')),
    expect: `a ->> 'outcome' = 'open' and a ->> 'discovered' = '0'`,
  },
  {
    name: 'register_slice, the end of a code of 5,000',
    ...register(
      STORED,
      'code',
      'whole',
      pageOf(`category = '${STORED}' and code = 'LEGITEXT000000000000'`, 'order by n offset 4000'),
    ),
    expect: `a ->> 'outcome' = 'complete'`,
  },
  {
    name: 'register_slice, the end of a search of a quarter of all documents',
    ...register(DUE, 'window', 'round', pageOf(`category = '${DUE}'`, 'order by n desc limit 100')),
    expect: `a ->> 'outcome' = 'complete'`,
  },
];

/** Batches of documents. */
export const BATCHES: readonly GrowthCase[] = [
  {
    name: 'take_documents, a quarter of all documents waits',
    call: `legisync_take_documents('${WAITING}', ${batch}, 100)`,
    expect: `json_array_length(a) = 0`,
  },
  {
    name: 'take_documents, 100 of a quarter of all documents',
    call: `legisync_take_documents('${DUE}', ${batch}, 100)`,
    expect: `json_array_length(a) = 100`,
  },
  {
    name: 'take_listed, 100 stored documents',
    given: { page: pageOf(secondPage(STORED), '') },
    call: `legisync_take_listed('${BUCKET}', '${STORED}', ${batch}, 'search', {page}, '{}', 'trust')`,
    expect: `a ->> 'discovered' = '0'`,
  },
  {
    name: 'take_listed, 100 waiting documents',
    given: { page: pageOf(secondPage(WAITING), '') },
    call: `legisync_take_listed('${BUCKET}', '${WAITING}', ${batch}, 'search', {page}, '{}', 'trust')`,
    expect: `a ->> 'discovered' = '0'`,
  },
  {
    name: 'describe_documents, 100',
    before: `select legisync_take_documents('${DUE}', ${batch}, 100)`,
    given: { ids: 'select array_agg(id) from legisync.documents where held_until is not null' },
    call: `legisync_describe_documents('${BUCKET}', '${DUE}', ${batch}, {ids})`,
    expect: `json_array_length(a) = 100 and a -> 0 ->> 'held' = 'true'`,
  },
  {
    name: 'enqueue_documents, 100 that have a row',
    before: `select legisync_take_documents('${DUE}', ${batch}, 100)`,
    given: { ids: 'select array_agg(id) from legisync.documents where held_until is not null' },
    call: `legisync_enqueue_documents('${BUCKET}', '${DUE}', ${batch}, {ids}, '[]')`,
    expect: `(a ->> 'queued')::int < 10 and json_array_length(a -> 'missing') = 0`,
  },
  {
    name: 'enqueue_documents, 100 that have none',
    before: `delete from public.files_queue where file_path in (
               select legisync.document_path(category, id) from listed where ${secondPage(STORED)})`,
    given: { ids: idsOf(secondPage(STORED)) },
    call: `legisync_enqueue_documents('${BUCKET}', '${STORED}', ${batch}, {ids}, '[]')`,
    expect: `a ->> 'queued' = '100'`,
  },
];
