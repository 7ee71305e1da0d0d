/**
 * A Worker that claims DOOMED_BATCH files for DOOMED_LEASE_SECONDS, writes that it has started, and
 * processes none of them: the test kills it.
 */
import { createClient } from '@supabase/supabase-js';

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

const supabase = createClient(setting('SUPABASE_URL'), setting('SUPABASE_SERVICE_ROLE_KEY'), {
  auth: { persistSession: false },
});
const { error } = await supabase.rpc('legisync_claim_files', {
  p_worker: 'doomed',
  p_batch: Number(setting('DOOMED_BATCH')),
  p_lease_seconds: Number(setting('DOOMED_LEASE_SECONDS')),
});
if (error !== null) throw new Error(error.message);
process.stdout.write('worker started\n');
// The timer keeps the process alive until it is killed. It ends with its parent.
setInterval(() => undefined, 60_000);
