import { LegisyncError } from '../contract/failures.ts';

/** One wrong setting. */
export interface Mistake {
  readonly name: string;
  /** The broken rule. It ends the sentence "NAME …". */
  readonly rule: string;
  /** The wrong value; absent for a secret, and if there is no value. */
  readonly value?: string | undefined;
  readonly source?: string | undefined;
}

/**
 * The configuration is wrong. `message` lists every mistake, so it may be longer than those of
 * other failures. It never reaches a workflow's history: nothing starts with a wrong configuration.
 */
export class ConfigError extends LegisyncError {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super('CONFIG_INVALID', '');
    this.name = 'ConfigError';
    this.mistakes = mistakes;
    const count = mistakes.length === 1 ? 'One setting is wrong' : `${mistakes.length} settings are wrong`;
    this.message = `${count}; see .env.example for each.\n${mistakes.map(describe).join('\n')}`;
  }
}

/** Enough of a wrong value to recognise it. */
const SHOWN_CHARACTERS = 80;

function describe({ name, rule, value, source }: Mistake): string {
  const shown = value === undefined ? '' : `; it is ${JSON.stringify(value.slice(0, SHOWN_CHARACTERS))}`;
  const from = source === undefined ? '' : ` (from ${source})`;
  return `  ${name} ${rule}${shown}${from}`;
}
