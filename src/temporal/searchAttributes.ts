import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { SEARCH_ATTRIBUTES, type WorkflowState } from '../contract/names.ts';
import { LegisyncError } from '../contract/failures.ts';
import { GRPC, grpcCodeOf } from './grpc.ts';

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
 * Registers the missing search attributes in `namespace`. Repeating it is harmless. They cannot be
 * used at once: see {@link knowsSearchAttributes}.
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

/**
 * Whether the server accepts the search attributes. Its frontend reads them from a cache: a server on
 * PostgreSQL refuses new ones for several seconds, by its dynamic configuration for up to a minute.
 */
export async function knowsSearchAttributes(
  { workflowService }: Pick<Connection, 'workflowService'>,
  namespace: string,
): Promise<boolean> {
  const query = Object.keys(SEARCH_ATTRIBUTES)
    .map((name) => `${name} = 'none'`)
    .join(' and ');
  try {
    await workflowService.countWorkflowExecutions({ namespace, query });
    return true;
  } catch (error) {
    if (grpcCodeOf(error) === GRPC.invalidArgument) return false;
    throw error;
  }
}
