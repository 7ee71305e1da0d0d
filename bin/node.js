/**
 * The first code of every program: it refuses a Node that is older than `engines` in package.json.
 * Such a Node cannot load TypeScript, and would only say ERR_UNKNOWN_FILE_EXTENSION. So what is
 * in this folder is JavaScript that Node 18 can parse.
 */
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

/** `EXIT.config` of src/cli/exit.ts, which an old Node cannot load. */
const CONFIG_EXIT_CODE = 3;

/**
 * Starts a program in this process, or sets the exit code 3 and says what to do.
 *
 * @param {() => Promise<unknown>} load imports the program; not called on an old Node
 */
export async function start(load) {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const running = process.version.slice(1);
  const oldest = /^>=(\d+\.\d+)$/.exec(engines.node)[1];
  if (isOlder(running, oldest)) {
    process.stderr.write(
      `legisync needs Node ${oldest} or newer, but ${process.execPath} is Node ${running}.\n` +
        'Next: install a newer Node, or run `npm ci` without --omit=dev, ' +
        'which brings one for `npm run worker`, `npx legisync` and `npm start`.\n',
    );
    process.exitCode = CONFIG_EXIT_CODE;
    return;
  }
  // Halves the CPU time of a start. Not in Node's default folder in /tmp: another user may have
  // made it, and what is in it is executed. If ours cannot be written, Node does without.
  module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/legisync', import.meta.url)));
  await load();
}

/** Compares major and minor version. */
function isOlder(running, oldest) {
  const [major, minor] = running.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldest.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
