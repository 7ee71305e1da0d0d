import { SEARCH_ATTRIBUTES } from '../../contract/names.ts';
import { GRPC, grpcCodeOf } from '../../cli/errors.ts';
import { withDeadline, type Session } from '../../cli/run.ts';
import { ensureSearchAttributes } from '../../temporal/searchAttributes.ts';

/** Answers of a server whose operator API is closed to clients, as on Temporal Cloud. */
const CLOSED: readonly (number | undefined)[] = [
  GRPC.permissionDenied,
  GRPC.unauthenticated,
  GRPC.unimplemented,
];

/**
 * Registers the missing search attributes. Where clients may not, warns and says which ones must
 * exist: the connection itself has been accepted, so the key is not at fault.
 *
 * @returns the names that were added
 */
export async function registerSearchAttributes(
  session: Pick<Session, 'temporal' | 'io'>,
): Promise<readonly string[]> {
  const { connection, namespace } = session.temporal;
  try {
    return await withDeadline(session, () => ensureSearchAttributes(connection, namespace));
  } catch (error) {
    if (!CLOSED.includes(grpcCodeOf(error))) throw error;
    const wanted = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `${name} (${type})`);
    session.io.err(
      `Warning: this Temporal server does not let clients register search attributes.\n` +
        `Next: create ${wanted.join(' and ')} in the settings of namespace ${namespace}, if they do not exist yet`,
    );
    return [];
  }
}
