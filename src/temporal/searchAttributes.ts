import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { SEARCH_ATTRIBUTES, type WorkflowState } from '../contract/names.ts';
import { LegisyncError } from '../contract/failures.ts';

/** KEYWORD of `temporal.api.enums.v1.IndexedValueType`: the only type that legisync uses. */
const KEYWORD = 2;

const collectionKey = defineSearchAttributeKey('LegisyncCollection', SearchAttributeType.KEYWORD);
/** The state of a workflow; see `SEARCH_ATTRIBUTES`. */
export const stateKey = defineSearchAttributeKey('LegisyncState', SearchAttributeType.KEYWORD);

/** The search attributes of a collection's workflow at its start. */
export function startAttributes(collection: string, state: WorkflowState) {
  return [
    { key: collectionKey, value: collection },
    { key: stateKey, value: state },
  ];
}

/** The search attributes, at its start, of a workflow without a collection. */
export function stateAttributes(state: WorkflowState) {
  return [{ key: stateKey, value: state }];
}

/**
 * Registers the missing search attributes in `namespace`. Repeating it is harmless. Some servers
 * need up to a minute until every part of them knows a new attribute.
 *
 * @returns the names that were added
 * @throws LegisyncError `CONFIG_INVALID` if one of the names has another type
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
        `Search attribute ${name} of namespace ${namespace} has type ${type}, but must be Keyword: remove it with ` +
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
