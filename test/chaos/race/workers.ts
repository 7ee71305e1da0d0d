import type { Stage, Turn } from './actor.ts';

interface Claim {
  readonly token: string;
  readonly files: readonly { readonly filePath: string }[];
}

interface Ended {
  readonly refused: readonly string[];
  readonly pendingAgain?: readonly string[];
}

/** What a Worker found in a file: the date of its content, and when it looked; as text, with all digits. */
export interface Found {
  readonly written: string;
  readonly readAt: string;
}

/** Reads a file. One that is gone holds no content that could be missed: that counts as the latest. */
export async function read({ world }: Stage, path: string): Promise<Found> {
  const [found] = await world.sql<{ written: string; readAt: string }>(
    `select coalesce((select updated_at from storage.objects where name = $1), 'infinity')::text as written,
            clock_timestamp()::text as "readAt"`,
    [path],
  );
  if (found === undefined) throw new Error('no answer');
  return found;
}

export async function note({ world, name }: Stage, path: string, { written, readAt }: Found): Promise<void> {
  await world.sql('insert into public.finished (path, written, read_at, worker) values ($1, $2, $3, $4)', [
    path,
    written,
    readAt,
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
  const contents = new Map<string, Found>();
  for (const { filePath } of answer.files) contents.set(filePath, await read(stage, filePath));
  const paths = [...contents.keys()];
  switch (dice.roll(10)) {
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
    case 5:
    case 6:
    case 7:
      // Slow: others touch the rows meanwhile.
      await call('select pg_sleep($1)', [dice.roll(60) / 100]);
      break;
    default:
  }
  await complete(stage, token, contents);
  if (dice.roll(4) === 0) await complete(stage, token, contents);
};

async function complete(stage: Stage, token: string, contents: ReadonlyMap<string, Found>): Promise<void> {
  let refused: readonly string[] = [];
  try {
    const ended = await stage.call<{ answer: Ended }>('select legisync_complete_files($1, $2) as answer', [
      token,
      [...contents.keys()],
    ]);
    refused = ended[0]?.answer.refused ?? [];
  } catch (error) {
    // Killed: it may have been done all the same, so it is counted as done.
    for (const [path, found] of contents) await note(stage, path, found);
    throw error;
  }
  for (const [path, found] of contents) if (!refused.includes(path)) await note(stage, path, found);
}
