import { isKill, type Stage, type Turn } from './actor.ts';
import { change } from './collectors.ts';
import { note, read } from './workers.ts';
import { idIn } from './world.ts';

/** A row that a poller has taken, and its content's date then. */
interface Taken {
  readonly path: string;
  readonly contentAt: string | null;
  /** What it wrote into the row, in a column of the team's own: nobody else's row is touched by mistake. */
  readonly signature: string;
}

/** Polls the table, as a Worker that knows nothing of claims: one UPDATE takes a file, another one finishes it. */
export const poll: Turn = async (stage) => {
  const { dice, call, name } = stage;
  const signature = `${name} ${dice.roll(1_000_000_000)}`;
  try {
    const [row] = await call<{ path: string; contentAt: string | null }>(
      `update public.files_queue set status = 'processing', signed_by = $1 where file_path = (
         select file_path from public.files_queue where status = 'pending' order by md5(file_path) limit 1
         for update skip locked)
       returning file_path as path, content_at::text as "contentAt"`,
      [signature],
    );
    if (row === undefined) return;
    const found = await read(stage, row.path);
    if (dice.roll(8) === 0) throw new Died();
    const finished = `update public.files_queue set status = 'processed', processed = true
                      where file_path = $1 and signed_by = $2 and status = 'processing' returning file_path`;
    try {
      if ((await call(finished, [row.path, signature])).length > 0) await note(stage, row.path, found);
    } catch (error) {
      if (isKill(error)) await note(stage, row.path, found);
      throw error;
    }
    if (dice.roll(4) === 0) await repeat(stage, { ...row, signature });
  } catch (error) {
    if (!(error instanceof Died || isKill(error))) throw error;
    await giveBack(stage, signature);
    if (!(error instanceof Died)) throw error;
  }
};

/** A person sets back what a Worker that died had, but nothing that somebody has claimed. */
export async function giveBack({ world }: Stage, signature: string): Promise<void> {
  await world.sql(
    `update public.files_queue f set status = 'pending' where signed_by = $1 and status = 'processing'
       and not exists (select from legisync.claims c where c.file_path = f.file_path and c.state in ('held', 'waiting'))`,
    [signature],
  );
}

/**
 * A person has the file worked again. Somebody claims it, and then the poller, whose answer was lost, repeats its UPDATE; or
 * the person gives the row back once more. Either is right as long as the content is the one that the poller has read, or
 * the row is marked. New content arrives before or after that, and a poller that takes it dies. Nobody may finish the row
 * then who has not read what it stands for.
 */
async function repeat(stage: Stage, { path, contentAt, signature }: Taken): Promise<void> {
  const { dice, call, world } = stage;
  await world.sql(
    `update public.files_queue set status = 'pending', processed = false
     where file_path = $1 and signed_by = $2 and processed and content_at is not distinct from $3::timestamptz`,
    [path, signature, contentAt],
  );
  if (!(await isClaimed(stage, path))) return;
  if (dice.roll(3) === 0) await change(stage, idIn(path));
  const set = dice.pick(`status = 'processed', processed = true`, `status = 'pending'`);
  await call(
    `update public.files_queue set ${set}
     where file_path = $1 and signed_by = $2 and status = 'processing'
       and (content_at is not distinct from $3::timestamptz or requeue)`,
    [path, signature, contentAt],
  );
  if (dice.roll(3) > 0) await change(stage, idIn(path));
  if (dice.roll(2) === 0) return;
  await takeAndDie(stage, path, signature);
  throw new Died();
}

/** Takes a row as a poller does, and does nothing more. */
export async function takeAndDie({ call }: Stage, path: string, signature: string): Promise<void> {
  await call(
    `update public.files_queue set status = 'processing', signed_by = $2
     where file_path = $1 and status = 'pending'`,
    [path, signature],
  );
}

/** Waits a moment for somebody to claim the file. */
async function isClaimed({ call }: Stage, path: string): Promise<boolean> {
  for (let tries = 0; tries < 10; tries += 1) {
    const [claim] = await call(`select from legisync.claims where file_path = $1 and state = 'held'`, [path]);
    if (claim !== undefined) return true;
    await call('select pg_sleep(0.02)');
  }
  return false;
}

/** A Worker that is gone in the middle of its work. */
class Died extends Error {}
