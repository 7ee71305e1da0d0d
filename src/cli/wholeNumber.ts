import { parseWholeNumber, wholeNumberRule, type Bounds } from '../config/wholeNumber.ts';
import { CommandError, EXIT } from './exit.ts';

/**
 * Reads a number that was typed.
 *
 * @param name how the message calls it, such as `--limit`
 * @param next a command that is right
 * @throws CommandError `USAGE` if it is not a whole number within the bounds
 */
export function readWholeNumber(
  text: string,
  bounds: Bounds,
  { name, next }: { readonly name: string; readonly next: string },
): number {
  const value = parseWholeNumber(text, bounds);
  if (value !== null) return value;
  const message = `${name} ${wholeNumberRule(bounds)}; it is ${JSON.stringify(text)}.`;
  throw new CommandError(EXIT.usage, 'USAGE', message, next);
}
