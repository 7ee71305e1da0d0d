import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What a release is made of. */
export interface ReleaseState {
  /** The version to release. */
  readonly version: string;
  /** The folder of the checkout. */
  readonly root: string;
  /** The version in package.json. */
  readonly current: string;
  readonly changelog: string;
  /** `git status --porcelain`: empty if nothing has changed. */
  readonly status: string;
  readonly tags: readonly string[];
}

/** Three numbers. Versions with a suffix are not released. */
const VERSION = /^\d+\.\d+\.\d+$/;

/** Why this release cannot be made, each with what to do; empty: it can. */
export function refusals({ version, root, current, changelog, status, tags }: ReleaseState): string[] {
  if (!VERSION.test(version)) return [`"${version}" is no version: three numbers, such as 1.2.0`];
  const notes = notesOf(changelog, version);
  return [
    ...(isOlder(version, current)
      ? [`${version} is older than ${current} of package.json: choose a later one`]
      : []),
    ...(tags.includes(`v${version}`) ? [`the tag v${version} exists: choose a later version`] : []),
    ...(status === ''
      ? []
      : [`the working tree has changes: commit them, or remove them\n${status.trimEnd()}`]),
    ...(notes === undefined
      ? [`CHANGELOG.md has no heading "${headingOf(version)}": add it with what users will notice`]
      : []),
    ...(notes === ''
      ? [`CHANGELOG.md says nothing under "${headingOf(version)}": write what users will notice`]
      : []),
    ...(existsSync(join(root, 'test/workflows/histories', version))
      ? []
      : [
          `there are no histories of ${version}, so no later version can be tested with them: set the version in ` +
            'package.json, record them (CONTRIBUTING.md, "Workflows"), and commit both',
        ]),
  ];
}

/** The heading of a version before its release. */
export function headingOf(version: string): string {
  return `## [${version}] - unreleased`;
}

/** The text below the heading; undefined: there is no such heading. */
function notesOf(changelog: string, version: string): string | undefined {
  const [, below] = changelog.split(`\n${headingOf(version)}\n`);
  return below
    ?.split(/\n## /, 1)[0]
    ?.replace(/^#+ .*$/gm, '')
    .trim();
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
