-- A batch: the workflow run that processes it, and its number, which continues over the runs of a workflow. A batch value
-- always refers to the same documents. A batch holds a slice while it enumerates, and documents while it collects them.
do $$
begin
  if to_regtype('legisync.batch') is null then
    create type legisync.batch as (
      workflow text,   -- workflow id
      run text,        -- run id; a reset or a new start gives another one
      sequence integer -- number of the batch within the workflow, from 1
    );
  end if;
end
$$;
