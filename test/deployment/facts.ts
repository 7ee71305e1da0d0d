import { settingDocs } from '../../src/config/print/docs.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { SHUTDOWN } from '../../src/contract/timing.ts';

/** A stopping worker needs at most this long by default, in seconds. Who kills earlier has work repeated. */
export const WORKER_STOPS_WITHIN =
  Number(defaultOf('LEGISYNC_SHUTDOWN_GRACE_SECONDS')) + SHUTDOWN.forceSeconds;

/** The default of a setting, as text. */
export function defaultOf(name: keyof typeof settingsSchema.shape): string {
  const preset = settingDocs.get(settingsSchema.shape[name])?.default;
  if (preset === undefined) throw new Error(`${name} has no default`);
  return preset;
}
