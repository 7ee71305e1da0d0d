import { setTimeout as pause } from 'node:timers/promises';
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts';
import { GRPC, grpcCodeOf } from '../../temporal/grpc.ts';
import { withDeadline, type Session } from '../../cli/run.ts';
import { ensureSearchAttributes, knowsSearchAttributes } from '../../temporal/searchAttributes.ts';

/** Answers of a server whose operator API is closed to clients, as on Temporal Cloud. */
const CLOSED: readonly (number | undefined)[] = [
  GRPC.permissionDenied,
  GRPC.unauthenticated,
  GRPC.unimplemented,
];

/** Longer than the server's cache of search attributes lives. */
const KNOWN_WITHIN_MS = 75_000;
const LOOK_MS = 250;

/**
 * Registers the missing search attributes, and waits until they can be used. Where clients may not, warns and says which ones must
 * exist: the connection itself has been accepted, so the key is not at fault.
 *
 * @returns the names that were added
 */
export async function registerSearchAttributes(
  session: Pick<Session, 'temporal' | 'io'>,
): Promise<readonly string[]> {
  const { connection, namespace } = session.temporal;
  try {
    const added = await withDeadline(session, () => ensureSearchAttributes(connection, namespace));
    if (added.length > 0) await untilKnown(session);
    return added;
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

/**
 * The next calls use the new attributes, so they wait until the server accepts them. After the time
 * limit, those calls say themselves what is missing.
 */
async function untilKnown(session: Pick<Session, 'temporal' | 'io'>): Promise<void> {
  const { connection, namespace } = session.temporal;
  const known = () => withDeadline(session, () => knowsSearchAttributes(connection, namespace));
  if (await known()) return;
  session.io.err('Waiting until the server accepts the new search attributes (up to a minute) …');
  for (let waitedMs = 0; waitedMs < KNOWN_WITHIN_MS; waitedMs += LOOK_MS) {
    await pause(LOOK_MS);
    if (await known()) return;
  }
}
