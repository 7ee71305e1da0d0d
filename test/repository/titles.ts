import { readFileSync } from 'node:fs';
import ts from 'typescript';

const GROUPS = new Set(['describe']);
const TESTS = new Set(['it', 'test']);

/** Between the title of a group and what is in it. */
const SEPARATOR = ' › ';

/**
 * The full titles of all tests of a file, as they are written: `group › group › test`. Of a title with values of a table
 * (`it.each`) or of a template in it, the placeholders stand.
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

/** `it('…', …)`, `it.only('…', …)` and `it.each(…)('…', …)`: the word in front, and the title. */
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
