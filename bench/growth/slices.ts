import type { Client } from 'pg';
import { DUE, HOLDER, STORED, WAITING } from './names.ts';

/** Number of documents in a window of a search. */
const WINDOW_DOCUMENTS = 9_000;

/**
 * Creates a pass for each collection. In the stored collection, the windows are open and the codes
 * are complete; in the others, the windows are complete. The batch has three slices: a window of
 * the stored collection, at its second page; a code, at its third and last page; and the last
 * window of the due collection, at the last page of its second round, which completes the source.
 */
export async function fillSlices(client: Client): Promise<void> {
  await client.query(`
    insert into legisync.passes (collection, pass) values ('${STORED}', 1), ('${WAITING}', 1), ('${DUE}', 1);
    insert into legisync.slices (collection, pass, source, kind, state)
      values ('${STORED}', 1, 'search', 'source', 'split'), ('${STORED}', 1, 'codes', 'source', 'split'),
             ('${WAITING}', 1, 'search', 'source', 'split'), ('${DUE}', 1, 'search', 'source', 'split');
    insert into legisync.slices (collection, pass, source, kind, window_from, window_to, state, absences_marked, round)
      select category, 1, 'search', 'window', date '2000-01-01' + w, date '2000-01-01' + w,
             case category when '${STORED}' then 'open' else 'complete' end, category = '${WAITING}',
             case category when '${STORED}' then 1 else 2 end
        from (select distinct category, (n / ${WINDOW_DOCUMENTS})::int as w from listed
               where category in ('${STORED}', '${WAITING}', '${DUE}') and code = '') windows;
    insert into legisync.slices (collection, pass, source, kind, code_id, state, absences_marked)
      select distinct '${STORED}', 1, 'codes', 'code', code, 'complete', true from listed where code <> '';
    insert into legisync.listing_rounds (slice, round)
      select id, round from legisync.slices where kind in ('window', 'code');
    insert into legisync.listing_documents (slice, round, id)
      select s.id, 2, l.id from listed l
        join legisync.slices s on s.collection = l.category and s.kind = 'window'
         and s.window_from = date '2000-01-01' + (l.n / ${WINDOW_DOCUMENTS})::int
       where l.category = '${DUE}'`);

  const last = await hold(client, `collection = '${DUE}' and kind = 'window'`, 'window_from desc');
  await client.query(`
    insert into legisync.listing_rounds (slice, round) values (${last}, 1);
    insert into legisync.listing_documents (slice, round, id)
      select slice, 1, id from legisync.listing_documents where slice = ${last};
    delete from legisync.listing_documents where slice = ${last} and round = 2
       and id in (select id from listed where category = '${DUE}' order by n desc limit 100);
    update legisync.slices set page = 1 + (select ceil(count(*) / 100.0) from legisync.listing_documents
                                            where slice = ${last} and round = 2) where id = ${last}`);
  const window = await hold(client, `collection = '${STORED}' and kind = 'window'`, 'window_from');
  const code = await hold(client, `collection = '${STORED}' and kind = 'code'`, 'code_id');
  await client.query(`
    update legisync.slices set page = 2 where id = ${window};
    update legisync.slices set page = 3 where id = ${code};
    insert into legisync.listing_documents (slice, round, id)
      select ${code}, 1, id from listed where category = '${STORED}'
         and code = (select code_id from legisync.slices where id = ${code}) order by n limit 4000`);
}

/** Leases the first of some slices to the batch. */
async function hold(client: Client, where: string, order: string): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    `update legisync.slices set state = 'open', absences_marked = false, holder = ${HOLDER},
            held_since = now(), held_until = now() + interval '1 day'
      where id = (select id from legisync.slices where ${where} order by ${order} limit 1) returning id::int`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`no slice where ${where}`);
  return row.id;
}
