import type { FastifyRequest } from 'fastify';
import { RestError } from './errors.ts';
import { UnsupportedQuery } from './query.ts';

/** Answers that the double gives. */
const GIVEN = ['*/*', 'application/*', 'application/json', 'application/vnd.pgrst.object+json'];

/** Further answers that PostgREST gives. */
const NOT_HERE = [
  'text/csv',
  'text/plain',
  'application/octet-stream',
  'application/geo+json',
  'application/openapi+json',
  'application/vnd.pgrst.plan',
  'application/vnd.pgrst.plan+json',
  'application/vnd.pgrst.plan+text',
  'application/vnd.pgrst.array+json',
];

/** The preferences of PostgREST 14; others make a strict request fail. */
const PREFERENCES = new Set([
  'resolution=merge-duplicates',
  'resolution=ignore-duplicates',
  'return=representation',
  'return=headers-only',
  'return=minimal',
  'count=exact',
  'count=planned',
  'count=estimated',
  'tx=commit',
  'tx=rollback',
  'missing=default',
  'missing=null',
  'handling=strict',
  'handling=lenient',
]);

/** Preferences with a value of their own. */
const WITH_VALUE = /^(?:timezone|max-affected)=/;

/**
 * Refuses what the double would otherwise ignore: an answer in the usual form would be wrong.
 *
 * @throws UnsupportedQuery if PostgREST supports it
 * @throws RestError as PostgREST refuses it
 */
export function refuseUnsupported({ headers, method }: FastifyRequest): void {
  checkAccept(headers.accept);
  if (headers['range'] !== undefined) throw new UnsupportedQuery('the header Range');
  checkPreferences([headers['prefer'] ?? []].flat().join(','));
  const body = mediaTypeOf(headers['content-type'] ?? 'application/json');
  if (method !== 'GET' && method !== 'HEAD' && body !== 'application/json' && method !== 'DELETE')
    throw new UnsupportedQuery(`a body of type ${body}`);
}

function checkAccept(accept = '*/*'): void {
  const types = accept.split(',').map(mediaTypeOf);
  if (types.some((type) => GIVEN.includes(type))) return;
  const known = types.find((type) => NOT_HERE.includes(type));
  if (known !== undefined) throw new UnsupportedQuery(`Accept: ${known}`);
  throw new RestError(406, 'PGRST107', `None of these media types are available: ${types.join(', ')}`);
}

function checkPreferences(prefer: string): void {
  const given = prefer.split(',').map((one) => one.trim());
  for (const one of ['tx=rollback', 'return=headers-only'])
    if (given.includes(one)) throw new UnsupportedQuery(`Prefer: ${one}`);
  if (given.some((one) => WITH_VALUE.test(one))) throw new UnsupportedQuery(`Prefer: ${prefer}`);
  if (!given.includes('handling=strict')) return;
  const invalid = given.filter((one) => !PREFERENCES.has(one));
  if (invalid.length === 0) return;
  throw new RestError(
    ...([400, 'PGRST122', 'Invalid preferences given with handling=strict'] as const),
    `Invalid preferences: ${invalid.join(', ')}`,
  );
}

function mediaTypeOf(text: string): string {
  return (text.split(';', 1)[0] ?? '').trim().toLowerCase();
}
