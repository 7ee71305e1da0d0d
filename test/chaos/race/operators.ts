import type { Turn } from './actor.ts';
import { change } from './collectors.ts';
import { giveBack, takeAndDie } from './pollers.ts';
import { BUCKET, DOCUMENTS, idIn, idOf, pathOf } from './world.ts';

/** Runs the two repairs over the whole queue, in steps, for real or dry. */
export const repair: Turn = async ({ dice, call }) => {
  const kind = dice.pick('stale', 'dangling');
  const dry = dice.roll(4) === 0;
  let after: string | null = '';
  while (after !== null) {
    const rows: readonly { step: { next: string | null } }[] = await call(
      `select legisync_repair_${kind}($1, 0, $2, 40, $3) as step`,
      [BUCKET, after, dry],
    );
    after = rows[0]?.step.next ?? null;
  }
};

/** Carries out backfills, one after the other; the next one may abandon it in the middle. */
export const backfill: Turn = async ({ dice, call, name }) => {
  const options = {
    kind: dice.pick('queue', 'queue', 'sizes'),
    prefix: '',
    finished: false,
    graceSeconds: 0,
    allAtOnce: false,
  };
  const opened = await call<{ answer: { run?: Run } }>(
    `select legisync_open_backfill($1, $2, 'restart', $3) as answer`,
    [BUCKET, `${name}-${dice.roll(1_000_000)}`, JSON.stringify(options)],
  );
  let run = opened[0]?.answer.run;
  while (run !== undefined && run.phase !== 'end') {
    const chunk: readonly { answer: { outcome: string; run?: Run } }[] = await call(
      'select legisync_backfill_chunk($1, $2, $3, $4) as answer',
      [run.id, run.phase, run.position, 25],
    );
    run = chunk[0]?.answer.run;
  }
};

interface Run {
  readonly id: number;
  readonly phase: string;
  readonly position: string;
}

/**
 * Removes a file, which may come back with the next upload; or a row, which an enqueue or a backfill brings back: often one
 * that somebody has claimed, then with other content, and a poller takes that and dies.
 */
export const vandalise: Turn = async (stage) => {
  const { dice, call, world } = stage;
  if (dice.roll(3) === 0) {
    const path = pathOf(idOf(dice.roll(DOCUMENTS)));
    await world.sql(
      `begin; set local storage.allow_delete_query = 'true'; delete from storage.objects where name = '${path}'; commit`,
    );
  } else {
    const [claim] = await world.sql<{ path: string }>(
      `select file_path as path from legisync.claims where state = 'held' order by md5(file_path || $1) limit 1`,
      [String(dice.roll(1_000_000))],
    );
    const path = claim?.path ?? pathOf(idOf(dice.roll(DOCUMENTS)));
    await call('delete from public.files_queue where file_path = $1', [path]);
    if (dice.roll(3) > 0) await change(stage, idIn(path));
    const signature = `${stage.name} ${dice.roll(1_000_000_000)}`;
    await takeAndDie(stage, path, signature);
    await call('select pg_sleep(0.3)');
    await giveBack(stage, signature);
    return;
  }
  await call('select pg_sleep(0.1)');
};

/** Cancels a statement, or ends a session, of anybody but itself. */
export const kill: Turn = async ({ dice, call, world, name }) => {
  const fn = dice.pick('pg_cancel_backend', 'pg_cancel_backend', 'pg_terminate_backend');
  await world.sql(
    `select ${fn}(pid) from (
       select pid from pg_stat_activity
       where application_name like 'race %' and application_name <> $1 and state = 'active'
       order by md5(pid::text || $2) limit 1) victim`,
    [`race ${name}`, String(dice.roll(1_000_000))],
  );
  await call('select pg_sleep($1)', [0.02 + dice.roll(100) / 1_000]);
};
