-- How many documents of a category are due and in no batch, counted up to 10,000, and when the next one is due. Both
-- queries read the index documents_due in its order, whatever the statistics say.
create or replace function legisync.count_due(
  p_category text, p_now timestamptz, out due integer, out next_due timestamptz)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  select count(*) into due from (
    select from legisync.documents
    where category = p_category and next_attempt_at <= p_now and held_until is null
    order by next_attempt_at limit 10000) d;
  select next_attempt_at into next_due
    from legisync.documents where category = p_category and next_attempt_at is not null
    order by next_attempt_at limit 1;
end
$$;
