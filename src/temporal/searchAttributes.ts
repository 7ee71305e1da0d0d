import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  SEARCH_ATTRIBUTES,
  type BackfillState,
  type CoherenceState,
  type CollectionState,
} from '../contract/names.ts';
import { LegisyncError } from '../contract/failures.ts';

/** `temporal.api.enums.v1.IndexedValueType`: KEYWORD, the one type that we use. */
const KEYWORD = 2;

const collectionKey = defineSearchAttributeKey('LegisyncCollection', SearchAttributeType.KEYWORD);
const stateKey = defineSearchAttributeKey('LegisyncState', SearchAttributeType.KEYWORD);

/** The attributes of a workflow that is being started. */
export function startAttributes(collection: string, state: CollectionState) {
  return [
    { key: collectionKey, value: collection },
    { key: stateKey, value: state },
  ];
}

/** The same of a workflow that belongs to no collection. */
export function stateAttributes(state: BackfillState | CoherenceState) {
  return [{ key: stateKey, value: state }];
}

/**
 * Registers our search attributes in `namespace`, those that are not there yet. Doing it twice is harmless. Some
 * servers need up to a minute before every part of them knows a new one.
 *
 * @returns the names that were added
 * @throws LegisyncError `CONFIG_INVALID` where one of the names is there with another type
 */
export async function ensureSearchAttributes(
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<readonly string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const names = Object.keys(SEARCH_ATTRIBUTES);
  for (const name of names) {
    const type: number | null | undefined = customAttributes[name];
    if (type !== undefined && type !== KEYWORD) {
      throw new LegisyncError(
        'CONFIG_INVALID',
        `Search attribute ${name} of namespace ${namespace} has type ${type}, and must be Keyword: remove it with ` +
          `\`temporal operator search-attribute remove --name ${name}\`, or use another namespace.`,
      );
    }
  }
  const missing = names.filter((name) => customAttributes[name] === undefined);
  if (missing.length > 0) {
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  }
  return missing;
}
