import { escapeIdentifier as quote } from 'pg';
import { RestError } from './errors.ts';
import { MAX_ROWS } from './limits.ts';

/** SQL text with `$n` for its values, and the values. */
export interface SqlPart {
  readonly sql: string;
  readonly values: readonly unknown[];
}

export interface Window {
  readonly limit: number;
  readonly offset: number;
}

/** Names in the query string that are not columns. */
const RESERVED = new Set([
  'select',
  'order',
  'limit',
  'offset',
  'columns',
  'on_conflict',
  'or',
  'and',
  'not.or',
  'not.and',
]);

const OPERATORS: Readonly<Record<string, string>> = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
};

const IS_VALUES = new Set(['null', 'true', 'false', 'unknown']);

/**
 * A column, optionally renamed and cast. Anything else (embedding, JSON paths, aggregates) is
 * refused.
 */
const SELECT_ITEM = /^(?:(?<alias>\w+):)?(?<column>\w+|"[^"]+")(?:::(?<cast>[\w ]+))?$/;

/**
 * A request that PostgREST supports and this double does not: answered with 501.
 */
export class UnsupportedQuery extends Error {
  override readonly name = 'UnsupportedQuery';
}

export function selectList(query: URLSearchParams): string {
  const text = query.get('select') ?? '*';
  return splitList(text === '' ? '*' : text)
    .map((item) => {
      if (item === '*') return '*';
      const { alias, column, cast } = SELECT_ITEM.exec(item)?.groups ?? {};
      if (column === undefined) throw new UnsupportedQuery(`select=${item}`);
      const name = quote(unquote(column));
      const value = cast === undefined ? name : `cast(${name} as ${cast})`;
      return alias === undefined && cast === undefined
        ? value
        : `${value} as ${quote(alias ?? unquote(column))}`;
    })
    .join(', ');
}

/**
 * The conditions of a query string, joined by AND; empty if there are none. Values are numbered
 * from `firstValue`.
 */
export function whereClause(query: URLSearchParams, firstValue = 1): SqlPart {
  const values: unknown[] = [];
  const bind = (value: unknown): string => {
    values.push(value);
    return `$${firstValue + values.length - 1}`;
  };
  const conditions: string[] = [];
  for (const [name, text] of query) {
    if (name === 'or' || name === 'and' || name.startsWith('not.')) throw new UnsupportedQuery(`${name}=`);
    if (!RESERVED.has(name)) conditions.push(condition(name, text, bind));
  }
  return { sql: conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`, values };
}

function condition(name: string, text: string, bind: (value: unknown) => string): string {
  // A dot or an arrow in the name refers to another table or a JSON path.
  if (/[.>]/.test(name)) throw new UnsupportedQuery(`a filter on ${name}`);
  const negated = text.startsWith('not.');
  const rest = negated ? text.slice('not.'.length) : text;
  const dot = rest.indexOf('.');
  const operator = dot < 0 ? '' : rest.slice(0, dot);
  const value = rest.slice(dot + 1);
  const sql = comparison(quote(unquote(name)), operator, value, bind);
  if (sql === undefined) {
    if (/^[a-z]+(\(.+\))?$/.test(operator)) throw new UnsupportedQuery(`the operator '${operator}'`);
    throw new RestError(
      ...([400, 'PGRST100', `"failed to parse filter (${text})" (line 1, column 1)`] as const),
      'unexpected filter: expected an operator and a value, e.g. eq.5',
    );
  }
  return negated ? `not (${sql})` : sql;
}

function comparison(
  column: string,
  operator: string,
  value: string,
  bind: (value: unknown) => string,
): string | undefined {
  const symbol = OPERATORS[operator];
  if (symbol !== undefined) return `${column} ${symbol} ${bind(value)}`;
  if (operator === 'in') return `${column} = any(${bind(parseInList(value))})`;
  if (operator === 'is' && IS_VALUES.has(value.toLowerCase())) return `${column} is ${value}`;
  return undefined;
}

export function orderClause(query: URLSearchParams): string {
  const text = query.get('order');
  if (text === null || text === '') return '';
  const items = splitList(text).map((item) => {
    const match = /^(\w+|"[^"]+")(?:\.(asc|desc))?(?:\.nulls(first|last))?$/.exec(item);
    if (match?.[1] === undefined) throw new UnsupportedQuery(`order=${item}`);
    const nulls = match[3] === undefined ? '' : ` nulls ${match[3]}`;
    return `${quote(unquote(match[1]))} ${match[2] ?? 'asc'}${nulls}`;
  });
  return `order by ${items.join(', ')}`;
}

export function rowWindow(query: URLSearchParams): Window {
  const limit = wholeNumber(query, 'limit') ?? MAX_ROWS;
  return { limit: Math.min(limit, MAX_ROWS), offset: wholeNumber(query, 'offset') ?? 0 };
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new RestError(
    400,
    'PGRST100',
    `"failed to parse ${name} (${text})"`,
    `${name} must be a whole number`,
  );
}

/** Names as in `columns="a","b"` or `on_conflict=a,b`. */
export function nameList(text: string): string[] {
  return splitList(text).map(unquote);
}

/** `(a,"x,y",c)`: an item in double quotes may contain commas, `\"` and `\\`. */
function parseInList(value: string): string[] {
  if (!value.startsWith('(') || !value.endsWith(')')) {
    throw new RestError(
      400,
      'PGRST100',
      `"failed to parse filter (in.${value})"`,
      'expected a list, e.g. in.(1,2)',
    );
  }
  const inner = value.slice(1, -1);
  if (inner === '') return [];
  return splitList(inner).map((item) =>
    item.startsWith('"') && item.endsWith('"') ? item.slice(1, -1).replace(/\\(.)/g, '$1') : item,
  );
}

/** Splits at commas that are not in double quotes or brackets. */
function splitList(text: string): string[] {
  const items: string[] = [];
  let item = '';
  let quoted = false;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (char === '\\' && quoted) {
      item += char + text.charAt(index + 1);
      index += 1;
      continue;
    }
    if (char === '"') quoted = !quoted;
    else if (!quoted && char === '(') depth += 1;
    else if (!quoted && char === ')') depth -= 1;
    if (char === ',' && !quoted && depth === 0) {
      items.push(item);
      item = '';
    } else item += char;
  }
  return [...items, item];
}

function unquote(name: string): string {
  return name.startsWith('"') && name.endsWith('"') && name.length > 1 ? name.slice(1, -1) : name;
}
