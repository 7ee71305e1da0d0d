import type { BaseConfig } from '../config/config.ts';
import { nearest } from '../config/nearest.ts';
import type { Collection } from '../contract/collections.ts';
import { isCategory } from '../contract/documents.ts';
import { CommandError, EXIT } from './exit.ts';

/** The collections that a command is about: the named one, or those of the setting `from`. */
export function namesOf(
  named: string | undefined,
  from: { readonly setting: string; readonly names: readonly string[] },
): readonly string[] {
  if (named !== undefined) {
    if (!isCategory(named)) throw unknown(named, from.names);
    return [named];
  }
  if (from.names.length > 0) return from.names;
  throw new CommandError(
    EXIT.usage,
    'USAGE',
    `No collection is named, and ${from.setting} is "none".`,
    `name a collection, or set ${from.setting}; \`legisync config\` shows its value`,
  );
}

/** The definition of a collection. @throws CommandError `UNKNOWN_COLLECTION` */
export function definitionOf({ collections }: Pick<BaseConfig, 'collections'>, name: string): Collection {
  const definition = collections.find((collection) => collection.name === name);
  if (definition !== undefined) return definition;
  throw unknown(
    name,
    collections.map((collection) => collection.name),
  );
}

function unknown(name: string, known: readonly string[]): CommandError {
  const meant = nearest(name, known);
  return new CommandError(
    EXIT.usage,
    'UNKNOWN_COLLECTION',
    `There is no collection ${JSON.stringify(name)}. Known collections: ${known.join(', ')}.` +
      (meant === undefined ? '' : ` Did you mean ${meant}?`),
    'name a known collection, or define it in the file of LEGISYNC_COLLECTIONS',
  );
}
