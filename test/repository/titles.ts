import { readFileSync } from 'node:fs';
import ts from 'typescript';

const GROUPS = new Set(['describe']);
const TESTS = new Set(['it', 'test']);

/** Between the titles of a group and of a test in it. */
const SEPARATOR = ' › ';

/**
 * The full titles of all tests of a file, as they are written: `group › group › test`. A title of a
 * table (`it.each`) or a template keeps its placeholders.
 */
export function testTitles(file: string): Set<string> {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const titles = new Set<string>();
  const visit = (node: ts.Node, groups: readonly string[]): void => {
    const [name, title] = ts.isCallExpression(node) ? namedBlock(node, source) : [];
    if (name !== undefined && title !== undefined) {
      if (TESTS.has(name)) titles.add([...groups, title].join(SEPARATOR));
      if (GROUPS.has(name)) groups = [...groups, title];
    }
    ts.forEachChild(node, (child) => visit(child, groups));
  };
  visit(source, []);
  return titles;
}

/**
 * The function (`it`, `describe`) and the title of `it('…', …)`, `it.only('…', …)` and
 * `it.each(…)('…', …)`.
 */
function namedBlock(call: ts.CallExpression, source: ts.SourceFile): [string?, string?] {
  const [first] = call.arguments;
  if (first === undefined) return [];
  let callee: ts.Node = call.expression;
  while (
    ts.isCallExpression(callee) ||
    ts.isPropertyAccessExpression(callee) ||
    ts.isTaggedTemplateExpression(callee)
  ) {
    callee = ts.isTaggedTemplateExpression(callee) ? callee.tag : callee.expression;
  }
  if (!ts.isIdentifier(callee)) return [];
  if (ts.isStringLiteralLike(first)) return [callee.text, first.text];
  return ts.isTemplateExpression(first) ? [callee.text, first.getText(source).slice(1, -1)] : [];
}
