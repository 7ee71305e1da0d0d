import type { SupabaseClient } from '@supabase/supabase-js';
import { findingOf, type Finding } from './ledger.ts';

/**
 * Finds files in the bucket that do not have the current text of their document.
 *
 * @param texts for each path, a text that the current version contains
 */
export async function findOutdated(
  supabase: SupabaseClient,
  bucket: string,
  texts: ReadonlyMap<string, string>,
): Promise<Finding> {
  const found: string[] = [];
  for (const [path, text] of texts) {
    const { data, error } = await supabase.storage.from(bucket).download(path);
    if (error !== null) found.push(`${path} (${error.message})`);
    else if (!(await data.text()).includes(text)) found.push(`${path} (without "${text}")`);
  }
  return findingOf(found);
}
