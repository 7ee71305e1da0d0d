import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { headingOf } from './refusals.ts';

/** A place where the version is written. */
interface Place {
  readonly path: string;
  /** The text around the version: it is found once or more. */
  readonly around: (version: string) => string;
}

const PLACES: readonly Place[] = [
  { path: 'package.json', around: (version) => `  "version": "${version}",` },
  { path: 'Dockerfile', around: (version) => `image.version="${version}"` },
  { path: 'Dockerfile', around: (version) => `--tag legisync:${version}` },
  { path: 'docker-compose.yml', around: (version) => `image: legisync:${version}` },
  { path: 'docker-compose.yml', around: (version) => `image: legisync-simulator:${version}` },
  { path: 'deploy/kubernetes/worker.yaml', around: (version) => `image: legisync:${version}` },
  { path: 'docs/deploy.md', around: (version) => `legisync-${version}.tgz` },
];

/**
 * Writes the version and the day into all files that name them. Repeating it changes nothing.
 *
 * @param day as in the changelog: 2026-11-28
 * @throws Error if a place does not have the current version
 */
export async function writeRelease(
  root: string,
  { version, current, day }: { readonly version: string; readonly current: string; readonly day: string },
): Promise<void> {
  for (const { path, around } of PLACES) await replace(root, path, around(current), around(version));
  // Its own version comes twice, at the top. Packages of the same version come later.
  await replace(root, 'package-lock.json', ownVersions(current), ownVersions(version));
  await replace(root, 'CHANGELOG.md', headingOf(version), `## [${version}] - ${day}`);
}

/** The beginning of package-lock.json. */
function ownVersions(version: string): string {
  const [outer, inner] = [2, 6].map((spaces) => ' '.repeat(spaces));
  return (
    `${outer}"name": "legisync",\n${outer}"version": "${version}",\n${outer}"lockfileVersion": 3,\n` +
    `${outer}"requires": true,\n${outer}"packages": {\n    "": {\n` +
    `${inner}"name": "legisync",\n${inner}"version": "${version}",\n`
  );
}

async function replace(root: string, path: string, from: string, to: string): Promise<void> {
  const file = join(root, path);
  const text = await readFile(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${path} does not contain ${JSON.stringify(from)}`);
  await writeFile(file, text.replaceAll(from, to));
}
