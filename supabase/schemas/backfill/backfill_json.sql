-- A backfill run as the public functions return it.
create or replace function legisync.backfill_json(r legisync.backfill_runs) returns json
language sql stable
return json_build_object(
  'id', r.id, 'bucket', r.bucket_id, 'kind', r.kind, 'prefix', r.prefix,
  'finished', r.finished, 'before', r.before, 'state', r.state, 'phase', r.phase, 'position', r.position,
  'chunks', r.chunks, 'scanned', r.scanned, 'queued', r.queued, 'caughtUp', r.caught_up, 'sized', r.sized,
  'missing', r.missing, 'inFlight', r.in_flight, 'heldByOtherBucket', r.held_by_other_bucket, 'skipped', r.skipped,
  'startedAt', r.started_at, 'busySeconds', r.busy_seconds,
  'seconds', extract(epoch from r.updated_at - r.started_at));
