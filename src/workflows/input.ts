import { ApplicationFailure } from '@temporalio/workflow';
import { isCategory } from '../contract/documents.ts';

/**
 * Checks what a client, a schedule or an operator with the Temporal CLI gives to a workflow. Without
 * a check, a wrong input makes the workflow task fail again and again, and blocks the workflow's id.
 */

/** What is wrong with a value, as `<path> <rule>; it is <value>`; undefined if it is right. */
export type Rule = (value: unknown, path: string) => string | undefined;

/** Characters of a wrong value that a message shows. */
const SHOWN_CHARACTERS = 100;

function ruleOf(isRight: (value: unknown) => boolean, rule: string): Rule {
  return (value, path) => (isRight(value) ? undefined : `${path} ${rule}; it is ${shown(value)}`);
}

function shown(value: unknown): string {
  return (value === undefined ? 'undefined' : JSON.stringify(value)).slice(0, SHOWN_CHARACTERS);
}

/** A whole number within the bounds. */
export function wholeNumber({ min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number }): Rule {
  const isRight = (value: unknown): boolean =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  const to = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  return ruleOf(isRight, `must be a whole number from ${min}${to}`);
}

/** A number that is not negative. */
export const amount: Rule = ruleOf(
  (value) => typeof value === 'number' && value >= 0,
  'must be a number from 0',
);

export const flag: Rule = ruleOf((value) => typeof value === 'boolean', 'must be true or false');

/** A text of `min` to `max` characters. */
export function text({ min, max }: { min: number; max: number }): Rule {
  const isRight = (value: unknown): boolean =>
    typeof value === 'string' && value.length >= min && value.length <= max;
  return ruleOf(isRight, `must be a text of ${min} to ${max} characters`);
}

export function oneOf(...words: readonly string[]): Rule {
  return ruleOf((value) => words.some((word) => word === value), `must be one of ${words.join(', ')}`);
}

/** The name of a collection. */
export const collectionName: Rule = ruleOf(
  (value) => typeof value === 'string' && isCategory(value),
  'must be lower case letters, digits, "-" and "_", at most 63',
);

/** A value that may be absent. Temporal writes an absent element as null. */
export function optional(rule: Rule): Rule {
  return (value, path) => (value === undefined || value === null ? undefined : rule(value, path));
}

/** A list of `min` to `max` elements. */
export function list(rule: Rule, { min, max }: { min: number; max: number }): Rule {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max)
      return `${path} must be a list of ${min} to ${max} elements; it is ${shown(value)}`;
    return firstOf(value.map((element, index) => rule(element, `${path}[${index}]`)));
  };
}

/** An object with these fields, and others that are not read. */
export function fields(rules: Readonly<Record<string, Rule>>): Rule {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return `${path} must be an object; it is ${shown(value)}`;
    const found = value as Readonly<Record<string, unknown>>;
    return firstOf(Object.entries(rules).map(([name, rule]) => rule(found[name], `${path}.${name}`)));
  };
}

function firstOf(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined);
}

/** @throws ApplicationFailure `CONFIG_INVALID`, which ends the workflow */
export function checkInput(input: unknown, rules: Readonly<Record<string, Rule>>): void {
  const problem = fields(rules)(input, 'input');
  if (problem !== undefined) throw ApplicationFailure.nonRetryable(problem, 'CONFIG_INVALID');
}
