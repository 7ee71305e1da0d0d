-- A batch of documents: the run of a workflow that works on it, and its number within that run. The same value always
-- stands for the same documents. It holds slices while they are enumerated, and documents while they are collected.
do $$
begin
  if to_regtype('legisync.batch') is null then
    create type legisync.batch as (
      workflow text,   -- the workflow's id
      run text,        -- the run's id: a reset or a new start gives another one
      sequence integer -- counts the batches of the run
    );
  end if;
end
$$;
