import ts from 'typescript';

/** One change to one file. */
export interface Mutant {
  /** Relative to the project. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** The line it begins on, trimmed. */
  readonly code: string;
  /** The same with the mutant in it. */
  readonly mutated: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

const SWAPPED_OPERATORS: ReadonlyMap<string, string> = new Map([
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['===', '!=='],
  ['!==', '==='],
  ['==', '!='],
  ['!=', '=='],
  ['&&', '||'],
  ['||', '&&'],
  ['+', '-'],
  ['-', '+'],
  ['*', '/'],
  ['/', '*'],
  ['%', '*'],
  ['+=', '-='],
  ['-=', '+='],
]);

const SWAPPED_METHODS: ReadonlyMap<string, string> = new Map([
  ['min', 'max'],
  ['max', 'min'],
  ['some', 'every'],
  ['every', 'some'],
]);

type Emit = (node: ts.Node, replacement: string) => void;

/** Every mutant of a file, in the order of its text. String literals are left alone: most are messages. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const emit: Emit = (node, replacement) => {
    const start = node.getStart(tree);
    const end = node.getEnd();
    const { line } = tree.getLineAndCharacterOfPosition(start);
    const lineStart = source.lastIndexOf('\n', start - 1) + 1;
    const code = source.slice(lineStart).split('\n', 1)[0]!.trim();
    const rest = source.slice(end).split('\n', 1)[0]!;
    const mutated = (source.slice(lineStart, start) + replacement + rest).replaceAll(/\s+/g, ' ').trim();
    mutants.push({ file, line: line + 1, code, mutated, start, end, replacement });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    mutateCondition(node, emit);
    mutateOperator(node, emit);
    mutateValue(node, emit);
    mutateStatement(node, emit);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutants;
}

function mutateCondition(node: ts.Node, emit: Emit): void {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node)) negate(node.expression, emit);
  else if (ts.isConditionalExpression(node)) negate(node.condition, emit);
}

function negate(condition: ts.Expression, emit: Emit): void {
  // The operator's own mutant is the same change.
  if (ts.isBinaryExpression(condition) && /^[=!]==?$/.test(condition.operatorToken.getText())) return;
  emit(condition, `!(${condition.getText()})`);
}

function mutateOperator(node: ts.Node, emit: Emit): void {
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText();
    if (operator === '??') emit(node, node.left.getText());
    const swapped = SWAPPED_OPERATORS.get(operator);
    if (swapped !== undefined && !(operator === '+' && isText(node))) emit(node.operatorToken, swapped);
  } else if (ts.isPropertyAccessExpression(node)) {
    if (node.questionDotToken !== undefined) emit(node.questionDotToken, '.');
    const swapped = SWAPPED_METHODS.get(node.name.text);
    if (swapped !== undefined && ts.isCallExpression(node.parent)) emit(node.name, swapped);
  }
}

function mutateValue(node: ts.Node, emit: Emit): void {
  if (ts.isNumericLiteral(node)) emit(node, String(Number(node.text) + 1));
  else if (node.kind === ts.SyntaxKind.TrueKeyword) emit(node, 'false');
  else if (node.kind === ts.SyntaxKind.FalseKeyword) emit(node, 'true');
  else if (ts.isReturnStatement(node) && node.expression !== undefined) {
    // The other boolean is a mutant already.
    if (!/^(true|false|undefined)$/.test(node.expression.getText())) emit(node.expression, 'undefined');
  } else if (ts.isArrowFunction(node) && !ts.isBlock(node.body) && !ts.isLiteralExpression(node.body)) {
    if (!/^(void |undefined$)/.test(node.body.getText())) emit(node.body, 'undefined');
  }
}

function mutateStatement(node: ts.Node, emit: Emit): void {
  const isRemovable =
    ts.isExpressionStatement(node) ||
    ts.isThrowStatement(node) ||
    ts.isBreakOrContinueStatement(node) ||
    (ts.isReturnStatement(node) && node.expression === undefined);
  if (isRemovable) emit(node, ';');
}

/** Whether a sum puts strings together, as far as its text shows. */
function isText(sum: ts.BinaryExpression): boolean {
  return [sum.left, sum.right].some(
    (side) =>
      ts.isStringLiteralLike(side) || ts.isTemplateExpression(side) || (ts.isBinaryExpression(side) && isText(side)),
  );
}
