import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { unescape } from 'node:querystring';
import type { Collection } from '../contract/collections.ts';
import { collectionsSchema, DEFAULT_COLLECTIONS } from './collections.ts';
import { assemble, assembleParts } from './assemble.ts';
import type { Config, Need } from './config.ts';
import { ConfigError, type Mistake } from './configError.ts';
import { settingDocs } from './print/docs.ts';
import { nearest } from './nearest.ts';
import { settingsSchema, type SettingName, type Settings } from './schema.ts';
import { Secret } from './secret.ts';
import { lookUp, readLayers, STACK_SETTING, type Layer, type ValueSource } from './sources.ts';
import { SHOWN_TEMPORAL_SETTINGS, temporalEnvironment } from './temporal.ts';

export interface LoadOptions<N extends Need> {
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * The folder of `.env`, `.local/stack.json` and relative paths in settings. Default: the current
   * folder.
   */
  readonly cwd?: string;
  /** Parts that the caller needs. */
  readonly need?: readonly N[];
}

/** A setting in a form that may be shown. */
interface ShownSetting {
  readonly name: string;
  /** `[secret]` for a secret; null if there is no value. */
  readonly value: string | null;
  readonly source: ValueSource | 'not set';
}

export interface LoadedConfig<N extends Need = never> {
  readonly config: Config<N>;
  readonly settings: readonly ShownSetting[];
  /** For the log: unknown names, and files that could not be parsed. */
  readonly warnings: readonly string[];
  /** The file of a local stack of this folder that is still starting, if there is one. */
  readonly startingStack: string | undefined;
  /** Every secret that was read, for the scrubber of logs and messages. */
  readonly secrets: readonly string[];
}

const NAMES = Object.keys(settingsSchema.shape) as SettingName[];

/** The required settings of each part. Either all of them are set, or none. */
const PARTS: Readonly<Record<Need, readonly SettingName[]>> = {
  legifrance: ['PISTE_CLIENT_ID', 'PISTE_CLIENT_SECRET'],
  supabase: ['SUPABASE_URL', 'SUPABASE_SERVICE_ROLE_KEY'],
  database: ['SUPABASE_DB_URL'],
};

/**
 * Reads the configuration. Precedence: the process environment, the running local stack, `.env`,
 * the defaults.
 *
 * @throws ConfigError (`CONFIG_INVALID`) with all mistakes
 */
export function loadConfig<const N extends Need = never>(options: LoadOptions<N> = {}): LoadedConfig<N> {
  const cwd = options.cwd ?? process.cwd();
  const { layers, warnings, startingStack } = readLayers(options.env ?? process.env, cwd);
  const found = new Map(NAMES.map((name) => [name, lookUp(layers, name)]));
  const given = (name: SettingName) => found.get(name)?.value;
  const file = readCollections(given('LEGISYNC_COLLECTIONS'), cwd);
  for (const [name, value] of Object.entries(file.defaults) as [SettingName, string][]) {
    if (!found.get(name)) found.set(name, { value, source: 'default' });
  }

  const parsed = settingsSchema.safeParse(Object.fromEntries(NAMES.map((name) => [name, given(name)])));
  const mistakes: Mistake[] = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => {
        const name = String(path[0]) as SettingName;
        return {
          name,
          rule: message,
          value: isSecret(name) ? undefined : given(name),
          source: found.get(name)?.source,
        };
      });
  mistakes.push(...missingSettings(options.need ?? [], given), ...file.mistakes);

  const { collections } = file;
  if (parsed.success && collections !== undefined) {
    mistakes.push(...unknownCollections(parsed.data, collections));
  }
  if (!parsed.success || collections === undefined || mistakes.length > 0) throw new ConfigError(mistakes);

  const environment = temporalEnvironment(layers);
  const config: Config = {
    ...assemble(parsed.data, collections, environment),
    ...assembleParts(parsed.data),
  };
  return {
    // The parts in N are there: a missing setting of theirs is a mistake.
    config: config as Config<N>,
    settings: [...NAMES.map((name) => shown(name, found.get(name))), ...temporalSettings(layers)],
    warnings: [...warnings, ...unknownNames(layers)],
    secrets: secretTexts(parsed.data, environment.reveal()),
    startingStack,
  };
}

function isSecret(name: SettingName): boolean {
  return settingDocs.get(settingsSchema.shape[name])?.secret === true;
}

function missingSettings(need: readonly Need[], given: (name: SettingName) => string | undefined): Mistake[] {
  return Object.entries(PARTS).flatMap(([part, names]) => {
    const absent = names.filter((name) => given(name) === undefined);
    const isNeeded = need.some((needed) => needed === part);
    if (!isNeeded && absent.length === names.length) return [];
    return absent.map((name) => ({
      name,
      rule: isNeeded
        ? 'is not set'
        : `is not set, but ${names.filter((other) => other !== name).join(', ')} is`,
    }));
  });
}

/** What the file of `LEGISYNC_COLLECTIONS` says. */
interface CollectionsFile {
  /** Undefined if the file is wrong. */
  readonly collections?: readonly Collection[];
  readonly mistakes: readonly Mistake[];
  /** Defaults that follow from the file. */
  readonly defaults: Partial<Record<SettingName, string>>;
}

/** Reads the file. Without one: the default collections. */
function readCollections(file: string | undefined, cwd: string): CollectionsFile {
  if (file === undefined) return { collections: DEFAULT_COLLECTIONS, mistakes: [], defaults: {} };
  const mistake = (rule: string): Mistake => ({ name: 'LEGISYNC_COLLECTIONS', rule, value: file });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(resolve(cwd, file), 'utf8'));
  } catch (error) {
    const rule = `must name a JSON file (${String(error).slice(0, 200)})`;
    return { mistakes: [mistake(rule)], defaults: {} };
  }
  const parsed = collectionsSchema.safeParse(content);
  if (parsed.success) {
    return { collections: parsed.data, mistakes: [], defaults: defaultsFor(parsed.data) };
  }
  const mistakes = parsed.error.issues.map(({ path, message }) =>
    mistake(`at ${path.length === 0 ? 'its top' : path.join('.')}: ${message}`),
  );
  return { mistakes, defaults: {} };
}

/** A table of contents has no recent documents, so MAINTENANCE needs a search. */
function defaultsFor(collections: readonly Collection[]): CollectionsFile['defaults'] {
  const searched = collections.filter(({ sources }) => sources.some(({ kind }) => kind === 'search'));
  const list = (some: readonly Collection[]): string => some.map(({ name }) => name).join(',') || 'none';
  return { LEGISYNC_MASSIVE: list(collections), LEGISYNC_MAINTENANCE: list(searched) };
}

function unknownCollections(settings: Settings, collections: readonly Collection[]): Mistake[] {
  const known = collections.map((collection) => collection.name);
  return (['LEGISYNC_MASSIVE', 'LEGISYNC_MAINTENANCE'] as const).flatMap((name) =>
    settings[name]
      .filter((collection) => !known.includes(collection))
      .map((collection) => ({
        name,
        rule: `must name known collections (${known.join(', ')})`,
        value: collection,
      })),
  );
}

/**
 * Warns of unknown LEGISYNC names: without a warning, a typing error would leave the default in
 * force.
 */
function unknownNames(layers: readonly Layer[]): string[] {
  return layers.flatMap(({ source, values }) =>
    Object.keys(values)
      .filter(
        (name) =>
          name.startsWith('LEGISYNC_') && name !== STACK_SETTING && !NAMES.some((known) => known === name),
      )
      .map((name) => {
        const meant = nearest(name, NAMES);
        const hint = meant === undefined ? 'See .env.example.' : `Did you mean ${meant}?`;
        return `${name} (from ${source}) is not a setting of legisync and was ignored. ${hint}`;
      }),
  );
}

function shown(name: SettingName, found: { value: string; source: ValueSource } | undefined): ShownSetting {
  if (found !== undefined) {
    return { name, value: isSecret(name) ? '[secret]' : found.value, source: found.source };
  }
  const preset = settingDocs.get(settingsSchema.shape[name])?.default;
  return preset === undefined
    ? { name, value: null, source: 'not set' }
    : { name, value: preset, source: 'default' };
}

function temporalSettings(layers: readonly Layer[]): ShownSetting[] {
  const names = new Set(
    layers.flatMap(({ values }) => Object.keys(values).filter((name) => name.startsWith('TEMPORAL_'))),
  );
  return [...names].sort().flatMap((name) => {
    const found = lookUp(layers, name);
    if (found === undefined) return [];
    return [
      {
        name,
        value: SHOWN_TEMPORAL_SETTINGS.includes(name) ? found.value : '[secret]',
        source: found.source,
      },
    ];
  });
}

function secretTexts(settings: Settings, environment: Readonly<Record<string, string>>): string[] {
  const own = Object.values(settings).flatMap((value) => (value instanceof Secret ? [value.reveal()] : []));
  const temporal = Object.entries(environment).flatMap(([name, value]) =>
    /^TEMPORAL_(API_KEY|CODEC_AUTH|TLS_CLIENT_KEY_DATA|GRPC_META_.*)$/.test(name) ? [value] : [],
  );
  return [...own, ...own.flatMap(passwordOf), ...temporal];
}

/**
 * The password of a connection string, as messages may quote it. None if the rest of the URL contains
 * it: to hide the `postgres` of `postgres:postgres@` would hide half of the messages.
 */
function passwordOf(secret: string): string[] {
  const { password = '', href = '' } = URL.parse(secret) ?? {};
  if (password === '') return [];
  const decoded = unescape(password);
  return href.replace(`:${password}@`, '').includes(decoded) ? [] : [decoded];
}
