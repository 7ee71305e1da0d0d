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

/** Pids 0 and 1 belong to the kernel and to init; `kill` with -1 signals every process. */
const partPid = z.int().min(2);

const stackState = z.object({
  /** The launcher. */
  pid: partPid,
  startTime: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  /** The environment for programs that use this stack; valid while `pid` lives. */
  env: z.record(z.string(), z.string()),
  /** In start order. */
  parts: z.array(
    z.object({
      name: z.string(),
      pid: partPid,
      startTime: z.string(),
      stopSignal: z.enum(STOP_SIGNALS).default('SIGTERM'),
      url: z.string().optional(),
    }),
  ),
});

/**
 * Content of `.local/stack.json`. A second terminal finds the stack by it, and a later start finds
 * leftovers.
 */
export type StackState = z.infer<typeof stackState>;

/** What the file records of a part; a part of `startPart` has all of it. */
export interface PartRecord extends ProcessId {
  readonly name: string;
  readonly stopSignal: StopSignal;
}

/** The file, while this launcher owns it. */
export interface StackStateFile {
  /** Records a part as soon as it has a process, with its address, if it has one. */
  readonly addPart: (part: PartRecord, url?: string) => Promise<void>;
  /** Publishes the environment, when the stack is usable. */
  readonly setEnv: (env: Readonly<Record<string, string>>) => Promise<void>;
  /** Removes the file; the last thing a launcher does. */
  readonly remove: () => Promise<void>;
}

/** It holds the service key of the local stack. */
const OWNER_ONLY = 0o600;

/**
 * For each part that a killed launcher left running: it has no users, so a short time is enough.
 */
const LEFTOVER_GRACE_MS = 5_000;

/**
 * @returns the state, or undefined if there is no file.
 * @throws Error if the file is not a valid state.
 */
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
    throw new Error(`${file} is invalid. If no stack is running, delete it: rm '${file}'`, {
      cause: error,
    });
  }
}

/**
 * Creates the file for this launcher.
 *
 * @throws Error if another launcher owns it: a checkout has one stack.
 */
export async function createStackState(
  file: string,
  launcher: Pick<StackState, 'pid' | 'startTime' | 'startedAt'>,
): Promise<StackStateFile> {
  let state: StackState = { ...launcher, env: {}, parts: [] };
  await mkdir(dirname(file), { recursive: true });
  // Unlike a rename, a hard link does not replace a file: of two concurrent launchers, exactly one
  // succeeds, and a reader never sees a partial file.
  await viaTemporary(file, state, async (temporary) => {
    try {
      await link(temporary, file);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      throw new Error(
        `another stack was started here at the same time (${file}): use it, or stop it with Ctrl-C`,
        {
          cause: error,
        },
      );
    }
  });

  // Writes are sequential; each writes the state as of its call.
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

/** A process that an earlier launcher left running. */
export interface Leftover {
  readonly name: string;
  readonly pid: number;
  readonly outcome: Exclude<StopOutcome, 'gone'>;
}

/**
 * Prepares for a new stack: stops the parts that a launcher killed with SIGKILL left running, last
 * part first, and removes its file. A process is only signalled if its pid and start time match the
 * file.
 *
 * @returns the parts that were still running.
 * @throws Error if the launcher in the file is alive, or a leftover could not be ended.
 */
export async function clearLeftovers(file: string): Promise<readonly Leftover[]> {
  const state = await readStackState(file);
  if (state === undefined) return [];
  if (await isRunning(state)) {
    throw new Error(
      `a stack is already running here (process ${state.pid}, since ${state.startedAt}). ` +
        `Use it (npx legisync status), or stop it first: kill ${state.pid}`,
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
      `${survivor.name} of an earlier stack (process ${survivor.pid}) cannot be stopped. ` +
        `End it, if necessary as the user who started it: kill -9 ${survivor.pid}`,
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
