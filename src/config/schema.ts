import { z } from 'zod';
import { collectingSettings } from './settings/collecting.ts';
import { legifranceSettings, quotaSettings } from './settings/legifrance.ts';
import { queueSettings } from './settings/queue.ts';
import { supabaseSettings } from './settings/supabase.ts';
import { workerSettings } from './settings/worker.ts';

/**
 * Every setting of legisync: its rule, its default and its documentation. Temporal's own settings
 * are in `temporal.ts`.
 *
 * To add a setting, add it to a file of `settings/` and give it a name in `assemble.ts`.
 */
export const settingsSchema = z.object({
  ...legifranceSettings,
  ...supabaseSettings,
  ...collectingSettings,
  ...queueSettings,
  ...quotaSettings,
  ...workerSettings,
});

/** The values of the settings, by name. */
export type Settings = z.output<typeof settingsSchema>;
export type SettingName = keyof Settings;
