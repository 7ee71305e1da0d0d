import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';

/** The source of a value, in order of precedence. */
export type ValueSource = 'environment' | '.local/stack.json' | '.env' | 'default';

/** The values of one source. */
export interface Layer {
  readonly source: ValueSource;
  readonly values: Readonly<Record<string, string>>;
}

/** What {@link readLayers} has found. */
interface Sources {
  readonly layers: readonly Layer[];
  readonly warnings: readonly string[];
  /** The file of a local stack that is still starting, so its settings are not known. */
  readonly startingStack: string | undefined;
}

/** The part of `.local/stack.json`, written by a running local stack, that is used here. */
const stackFile = z.object({ pid: z.int().min(2), env: z.record(z.string(), z.string()) });

/**
 * Reads the sources, the highest precedence first. An empty value counts as not set, so `NAME=` in
 * `.env` or in a compose file keeps the default. A file that cannot be parsed is ignored with a
 * warning. While a local stack runs, `.env` is not read: its worker does not read it either.
 */
export function readLayers(env: Readonly<Record<string, string | undefined>>, cwd: string): Sources {
  const warnings: string[] = [];
  const file = stackFileOf(env, cwd);
  const stack = readStack(file, warnings);
  const below: Layer =
    stack === undefined
      ? { source: '.env', values: withoutEmpty(readDotEnv(join(cwd, '.env'), warnings)) }
      : { source: '.local/stack.json', values: withoutEmpty(stack) };
  return {
    layers: [{ source: 'environment', values: withoutEmpty(env) }, below],
    warnings,
    // The launcher writes the settings when the stack is usable.
    startingStack: stack !== undefined && Object.keys(stack).length === 0 ? file : undefined,
  };
}

/** Names the file of a local stack that keeps its data in another folder (`npm start -- --data`). */
export const STACK_SETTING = 'LEGISYNC_STACK';

function stackFileOf(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  return resolve(cwd, withoutEmpty(env)[STACK_SETTING] ?? join('.local', 'stack.json'));
}

/** The first value of `name`, with its source. */
export function lookUp(
  layers: readonly Layer[],
  name: string,
): { readonly value: string; readonly source: ValueSource } | undefined {
  for (const { source, values } of layers) {
    const value = values[name];
    if (value !== undefined) return { value, source };
  }
  return undefined;
}

/** The settings of a local stack; undefined if none runs. */
function readStack(file: string, warnings: string[]): Record<string, string> | undefined {
  const text = readText(file, warnings);
  if (text === undefined) return undefined;
  try {
    const { pid, env } = stackFile.parse(JSON.parse(text));
    return isAlive(pid) ? env : undefined;
  } catch {
    // Without the parser's message: it would quote the file, which contains a service key.
    warnings.push(`${file} cannot be parsed and was ignored. If no stack is running, delete it.`);
    return undefined;
  }
}

/** Whether a process with this id exists. EPERM means that it belongs to another user. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

function readDotEnv(file: string, warnings: string[]): NodeJS.Dict<string> {
  const text = readText(file, warnings);
  return text === undefined ? {} : parseEnv(text);
}

function readText(file: string, warnings: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (!hasCode(error, 'ENOENT') && !hasCode(error, 'ENOTDIR')) {
      warnings.push(`${file} cannot be read and was ignored: ${String(error)}`);
    }
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

function withoutEmpty(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value.trim() !== '') kept[name] = value.trim();
  }
  return kept;
}
