-- Whether this round of a slice listed the same ids as the previous one. False in the first round, and if a crash has
-- lost the previous round.
create or replace function legisync.same_as_last_round(v legisync.slices) returns boolean
language sql stable
return exists (select from legisync.listing_rounds where slice = v.id and round = v.round - 1)
  and not exists (
    select from legisync.listing_documents where slice = v.id and round in (v.round - 1, v.round)
    group by id having count(*) = 1);
