-- Moves a slice after a page (see `p_action` of legisync_register_slice). Keeps only the ids of the last round.
create or replace function legisync.move_slice(v legisync.slices, p_page integer, p_action text, p_lease interval)
returns legisync.slices
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last_round integer;
begin
  v.attempts := 0;
  if p_action in ('continue', 'release') then
    v.page := greatest(v.page, p_page + 1);
  elsif p_action = 'whole' or legisync.same_as_last_round(v) then
    v.state := 'complete';
  elsif v.round >= 8 then
    v.state := 'parked';
    v.code := 'ENUMERATION_UNSTABLE';
    v.message := 'Eight rounds in a row listed different documents.';
  else
    v.round := v.round + 1;
    v.page := 1;
  end if;
  if p_action = 'continue' then
    v.held_until := clock_timestamp() + p_lease;
  else
    v.holder := null;
    v.held_since := null;
    v.held_until := null;
  end if;
  if p_action = 'round' then
    v_last_round := case v.state when 'open' then v.round - 1 else v.round end;
    delete from legisync.listing_documents where slice = v.id and round < v_last_round;
    delete from legisync.listing_rounds where slice = v.id and round < v_last_round;
  end if;
  update legisync.slices set
      state = v.state, page = v.page, round = v.round, attempts = v.attempts, code = v.code, message = v.message,
      holder = v.holder, held_since = v.held_since, held_until = v.held_until
    where id = v.id;
  return v;
end
$$;
