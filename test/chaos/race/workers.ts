import { isKill, type Stage, type Turn } from './actor.ts';

interface Claim {
  readonly token: string;
  readonly files: readonly { readonly filePath: string }[];
}

interface Ended {
  readonly refused: readonly string[];
  readonly pendingAgain?: readonly string[];
}

/** What is in the file now, and when that was written: content without a hash is told by its date. */
async function read({ world }: Stage, path: string): Promise<string | null> {
  const rows = await world.sql<{ content: string }>(
    `select coalesce(user_metadata ->> 'sha256', updated_at::text) as content from storage.objects where name = $1`,
    [path],
  );
  return rows[0]?.content ?? null;
}

async function note({ world, name }: Stage, path: string, content: string | null): Promise<void> {
  await world.sql('insert into public.finished (path, sha256, worker) values ($1, $2, $3)', [
    path,
    content,
    name,
  ]);
}

/** Claims files, reads them, and completes, fails, extends or releases them, late, twice, or never. */
export const claim: Turn = async (stage) => {
  const { dice, call, name } = stage;
  const claimed = await call<{ claim: Claim }>('select legisync_claim_files($1, $2, 1) as claim', [
    name,
    1 + dice.roll(5),
  ]);
  const answer = claimed[0]?.claim;
  if (answer === undefined || answer.files.length === 0) return;
  const { token } = answer;
  const contents = new Map<string, string | null>();
  for (const { filePath } of answer.files) contents.set(filePath, await read(stage, filePath));
  const paths = [...contents.keys()];
  switch (dice.roll(8)) {
    case 0:
      // Dies: the lease ends by itself.
      return;
    case 1:
      await call('select legisync_fail_files($1, $2, $3, $4)', [token, paths, 'could not', dice.roll(2)]);
      return;
    case 2:
      await call('select legisync_release_files($1, $2)', [token, paths]);
      return;
    case 3:
      await call('select legisync_extend_files($1, $2, 1)', [token, paths]);
      break;
    case 4:
      // Late: the lease is over, and somebody else may have the files.
      await call('select pg_sleep(1.1)');
      break;
    default:
  }
  await complete(stage, token, contents);
  if (dice.roll(4) === 0) await complete(stage, token, contents);
};

async function complete(
  stage: Stage,
  token: string,
  contents: ReadonlyMap<string, string | null>,
): Promise<void> {
  const paths = [...contents.keys()];
  let refused: readonly string[] = [];
  try {
    const ended = await stage.call<{ answer: Ended }>('select legisync_complete_files($1, $2) as answer', [
      token,
      paths,
    ]);
    refused = ended[0]?.answer.refused ?? [];
  } catch (error) {
    // Killed: it may have been done all the same, so it is counted as done.
    for (const path of paths) await note(stage, path, contents.get(path) ?? null);
    throw error;
  }
  for (const path of paths.filter((one) => !refused.includes(one)))
    await note(stage, path, contents.get(path) ?? null);
}

/**
 * Polls the table, as a Worker that knows nothing of claims: two UPDATEs a file, never repeated. It signs the row in a column
 * of the team's own, so that a person can set back what a Worker that died had.
 */
export const poll: Turn = async (stage) => {
  const { dice, call, world, name } = stage;
  const signature = `${name} ${dice.roll(1_000_000_000)}`;
  try {
    const taken = await call<{ file_path: string }>(
      `update public.files_queue set status = 'processing', signed_by = $1 where file_path = (
         select file_path from public.files_queue where status = 'pending' order by md5(file_path) limit 1
         for update skip locked)
       returning file_path`,
      [signature],
    );
    const path = taken[0]?.file_path;
    if (path === undefined) return;
    const content = await read(stage, path);
    if (dice.roll(10) === 0) throw new Died();
    const finished = `update public.files_queue set status = 'processed', processed = true
                      where file_path = $1 and signed_by = $2 and status = 'processing'`;
    try {
      await call(finished, [path, signature]);
      await note(stage, path, content);
    } catch (error) {
      if (isKill(error)) await note(stage, path, content);
      throw error;
    }
  } catch (error) {
    if (!(error instanceof Died || isKill(error))) throw error;
    await world.sql(
      `update public.files_queue f set status = 'pending' where signed_by = $1 and status = 'processing'
         and not exists (select from legisync.claims c where c.file_path = f.file_path and c.state in ('held', 'waiting'))`,
      [signature],
    );
    if (!(error instanceof Died)) throw error;
  }
};

/** A Worker that is gone in the middle of its work. */
class Died extends Error {}
