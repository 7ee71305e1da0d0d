import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { errorCode } from './errors.ts';
import {
  isRunning,
  STOP_SIGNALS,
  stopLeftover,
  type ProcessId,
  type StopOutcome,
  type StopSignal,
} from './processes.ts';

/** Numbers 0 and 1 are the kernel's and init's; with a minus sign before them `kill` means "everybody". */
const processNumber = z.int().min(2);

const stackState = z.object({
  /** The launcher. */
  pid: processNumber,
  startTime: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  /** What a program needs in its environment to use this stack; true while `pid` lives. */
  env: z.record(z.string(), z.string()),
  /** In the order of their start. */
  parts: z.array(
    z.object({
      name: z.string(),
      pid: processNumber,
      startTime: z.string(),
      stopSignal: z.enum(STOP_SIGNALS).default('SIGTERM'),
      url: z.string().optional(),
    }),
  ),
});

/** The content of `.local/stack.json`: how a second terminal finds the stack, and a later start finds what was left. */
export type StackState = z.infer<typeof stackState>;

/** What is written down of a part; a part of `startPart` has all of it. */
export interface PartRecord extends ProcessId {
  readonly name: string;
  readonly stopSignal: StopSignal;
}

/** The file, while this launcher owns it. */
export interface StackStateFile {
  /** Writes down a part as soon as it has a process, with the address to show for it, if it has one. */
  readonly addPart: (part: PartRecord, url?: string) => Promise<void>;
  /** Publishes the environment, once the stack can be used. */
  readonly setEnv: (env: Readonly<Record<string, string>>) => Promise<void>;
  /** Removes the file; the last thing a launcher does. */
  readonly remove: () => Promise<void>;
}

/** It holds the service key of the local stack. */
const OWNER_ONLY = 0o600;

/** For each part that a killed launcher left running: it serves nobody any more, so it is not given long. */
const LEFTOVER_GRACE_MS = 5_000;

/** @returns the state, or undefined when there is no file. @throws when the file is not one of ours. */
export async function readStackState(file: string): Promise<StackState | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return stackState.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} cannot be understood. If no stack is running, delete it: rm '${file}'`, {
      cause: error,
    });
  }
}

/**
 * Takes the file for this launcher.
 *
 * @throws when another launcher has it: there is one stack to a checkout.
 */
export async function createStackState(
  file: string,
  launcher: Pick<StackState, 'pid' | 'startTime' | 'startedAt'>,
): Promise<StackStateFile> {
  let state: StackState = { ...launcher, env: {}, parts: [] };
  await mkdir(dirname(file), { recursive: true });
  // A hard link, unlike a rename, refuses to replace: of two launchers at once exactly one goes on, and a reader never
  // sees half a file.
  await viaTemporary(file, state, async (temporary) => {
    try {
      await link(temporary, file);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      throw new Error(
        `another stack was started here at the same moment (${file}): use it, or stop it with Ctrl-C`,
        {
          cause: error,
        },
      );
    }
  });

  // One write after the other, each with all that is known by then.
  let last: Promise<void> = Promise.resolve();
  const update = async (change: Partial<StackState>): Promise<void> => {
    state = { ...state, ...change };
    const wanted = state;
    last = last.then(() => viaTemporary(file, wanted, (temporary) => rename(temporary, file)));
    await last;
  };
  return {
    addPart: ({ name, pid, startTime, stopSignal }, url) =>
      update({
        parts: [...state.parts, { name, pid, startTime, stopSignal, ...(url === undefined ? {} : { url }) }],
      }),
    setEnv: (env) => update({ env: { ...env } }),
    remove: async () => {
      await last;
      await rm(file, { force: true });
    },
  };
}

/** What was found of an earlier launcher that had no time to clean up. */
export interface Leftover {
  readonly name: string;
  readonly pid: number;
  readonly outcome: Exclude<StopOutcome, 'gone'>;
}

/**
 * Makes room for a new stack: stops what a launcher that was killed with SIGKILL left running, last part first, and
 * removes its file. A process is only touched if number and start time are those that were written down.
 *
 * @returns the parts that were still there.
 * @throws when the launcher in the file is alive, or a leftover could not be ended.
 */
export async function clearLeftovers(file: string): Promise<readonly Leftover[]> {
  const state = await readStackState(file);
  if (state === undefined) return [];
  if (await isRunning(state)) {
    throw new Error(
      `a stack is already running here (process ${state.pid}, since ${state.startedAt}): ` +
        `use it from this terminal (npx legisync status), or stop it first: kill ${state.pid}`,
    );
  }
  const found: Leftover[] = [];
  for (const part of state.parts.toReversed()) {
    const outcome = await stopLeftover(part, { stopSignal: part.stopSignal, graceMs: LEFTOVER_GRACE_MS });
    if (outcome !== 'gone') found.push({ name: part.name, pid: part.pid, outcome });
  }
  const survivor = found.find(({ outcome }) => outcome === 'survived');
  if (survivor !== undefined) {
    throw new Error(
      `${survivor.name} of an earlier stack (process ${survivor.pid}) cannot be stopped: ` +
        `end it, perhaps as the user who started it: kill -9 ${survivor.pid}`,
    );
  }
  await rm(file, { force: true });
  return found;
}

async function viaTemporary(
  file: string,
  state: StackState,
  publish: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: OWNER_ONLY, flag: 'wx' });
    await publish(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}
