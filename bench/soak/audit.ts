/** Runs SQL as the superuser. */
export type Sql = <T extends object>(text: string, values?: readonly unknown[]) => Promise<T[]>;

/**
 * Has the database itself record when a row is queued and when a Worker finishes it. Counts in the
 * application would miss what is done twice across a crash.
 *
 * @param sql before the rows to be recorded exist
 */
export async function installAudit(sql: Sql): Promise<void> {
  await sql(`
    create schema if not exists soak;
    create table if not exists soak.queued (file_path text not null);
    create table if not exists soak.processed (file_path text not null, content_sha256 text);
    create or replace function soak.record() returns trigger
    language plpgsql security definer set search_path = '' as $$
    begin
      if tg_op = 'INSERT' or old.processed and not new.processed then
        insert into soak.queued values (new.file_path);
      elsif new.processed and not old.processed then
        insert into soak.processed values (new.file_path, new.content_sha256);
      end if;
      return null;
    end $$;
    create or replace trigger soak_record after insert or update on public.files_queue
      for each row execute function soak.record()`);
}
