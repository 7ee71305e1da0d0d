-- Writes one page of a slice into the catalogue and moves the slice, in one transaction. `p_page` is the number of the
-- page, from 1, and `p_documents` is [{"id", "revision"}, …]. `p_action` says what happens next:
--   `continue`  the caller reads the next page. Its lease is renewed for `p_lease_seconds`.
--   `release`   the slice is released. Any batch may read the next page.
--   `round`     the page ended a round of a search. The pages of a search can shift while they are read, so the slice
--               is complete only when two successive rounds list the same ids. Otherwise the next round begins and the
--               slice is released. After eight rounds it is parked, with the reason.
--   `whole`     the listing is a single answer, and this was its last page. The slice is complete.
--
-- Answers `open`, `complete` or `lost`. `lost` means that the caller must stop. Either the caller does not hold this
-- round of the slice any more, and nothing is written. Or a crash has lost the earlier pages, and the round starts
-- again.
create or replace function public.legisync_register_slice(
  p_bucket text, p_slice bigint, p_batch jsonb, p_round integer, p_page integer, p_documents jsonb, p_action text,
  p_lease_seconds integer, p_adopt text)
returns json
language plpgsql security definer
set search_path = pg_catalog, pg_temp set statement_timeout = '30s'
as $$
declare
  v legisync.slices := legisync.lock_slice(p_slice, p_batch);
  v_discovered integer;
begin
  perform legisync.check_text('p_bucket', p_bucket, 1, 100);
  perform legisync.check_bounds('p_round', p_round, 1, 2147483647);
  perform legisync.check_bounds('p_page', p_page, 1, 1000000);
  perform legisync.check_json_list('p_documents', p_documents, 'id', 0, 10000);
  perform legisync.check_choice('p_action', p_action, 'continue', 'release', 'round', 'whole');
  perform legisync.check_bounds('p_lease_seconds', p_lease_seconds, 1, 86400);
  perform legisync.check_choice('p_adopt', p_adopt, 'trust', 'refresh');
  if v.id is null or v.round <> p_round then
    return json_build_object('outcome', 'lost', 'discovered', 0);
  end if;
  if not legisync.list_page(v, p_page, p_documents) then
    update legisync.slices set page = 1, holder = null, held_since = null, held_until = null where id = v.id;
    return json_build_object('outcome', 'lost', 'discovered', 0);
  end if;
  v_discovered := legisync.register_documents(
    p_bucket, v.collection, v.source, coalesce(v.code_id, ''), v.pass, p_documents, p_adopt);
  v := legisync.move_slice(v, p_page, p_action, make_interval(secs => p_lease_seconds));
  if v.state = 'complete' then
    perform legisync.mark_absent(v.collection, v.pass);
  end if;
  return json_build_object('outcome', case v.state when 'complete' then 'complete' else 'open' end,
                           'discovered', v_discovered);
end
$$;
comment on function public.legisync_register_slice is 'Part of legisync. Writes a page of a slice into the catalogue.';
