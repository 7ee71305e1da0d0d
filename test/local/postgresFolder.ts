import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that the server's user can enter, unlike what mkdtemp makes. */
export async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'legisync-test-'));
  await chmod(folder, 0o755);
  return folder;
}
