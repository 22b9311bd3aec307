import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

// The bundler of declarations writes no maps. Declarations keep their names on the way, so each name is led back to where the
// sources declare it: that is where "go to definition" goes.

/** A name that is declared: its path, such as `Collector.waitFor`, and where it stands. */
interface DeclaredName {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

interface Declaration {
  readonly file: string;
  /** The declared name itself first, then those inside it. */
  readonly names: readonly DeclaredName[];
  readonly words: ReadonlySet<string>;
}

/** Writes a map beside each bundle of declarations in `folder`. @throws where a declaration is in no source */
export async function writeDeclarationMaps(folder: string, sources: string): Promise<void> {
  const known = new Map<string, Declaration[]>();
  for (const file of await filesIn(sources, /\.ts$/)) {
    for (const declaration of await declarationsOf(file)) {
      const { path } = declaration.names[0]!;
      known.set(path, [...(known.get(path) ?? []), declaration]);
    }
  }
  for (const bundle of await filesIn(folder, /\.d\.c?ts$/)) {
    const mapped = (await declarationsOf(bundle)).map((declaration) => ({
      declaration,
      source: sourceOf(declaration, known, bundle),
    }));
    const files = [...new Set(mapped.map(({ source }) => source.file))];
    const mappings = mapped.flatMap(({ declaration, source }) => {
      const origins = new Map(source.names.map((name) => [name.path, name]));
      return declaration.names.flatMap((name): Mapping[] => {
        const origin = origins.get(withoutSuffix(name.path));
        return origin === undefined ? [] : [{ name, file: files.indexOf(source.file), origin }];
      });
    });
    const name = bundle.slice(bundle.lastIndexOf('/') + 1);
    const map = {
      version: 3,
      file: name,
      sources: files.map((file) => relative(dirname(bundle), file)),
      names: [],
      mappings: encode(mappings),
    };
    await writeFile(`${bundle}.map`, JSON.stringify(map));
    const text = (await readFile(bundle, 'utf8')).replace(/\n*\/\/# sourceMappingURL=.*\n*$/, '\n');
    await writeFile(bundle, `${text}//# sourceMappingURL=${name}.map\n`);
  }
}

async function filesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => pattern.test(name))
    .toSorted()
    .map((name) => join(folder, name));
}

async function declarationsOf(file: string): Promise<Declaration[]> {
  const source = ts.createSourceFile(file, await readFile(file, 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement): Declaration[] => {
    const declared = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement];
    return declared.flatMap((node): Declaration[] => {
      const names = namesIn(node, '', source);
      const isNamed = 'name' in node && names.length > 0 && !ts.isModuleDeclaration(node);
      return isNamed ? [{ file, names, words: new Set(statement.getFullText(source).match(/\w+/g)) }] : [];
    });
  });
}

/** Names of declarations and of their members. What a function declares inside is its own affair. */
function namesIn(node: ts.Node, outer: string, source: ts.SourceFile): DeclaredName[] {
  if (ts.isBlock(node)) return [];
  const { name } = node as { readonly name?: ts.Node };
  const isNamed = name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name)) && !ts.isParameter(node);
  const path = isNamed ? `${outer}${outer === '' ? '' : '.'}${name.text}` : outer;
  const { line, character } = source.getLineAndCharacterOfPosition((name ?? node).getStart(source));
  const inner: DeclaredName[] = [];
  ts.forEachChild(node, (child) => void inner.push(...namesIn(child, path, source)));
  return isNamed ? [{ path, line, column: character }, ...inner] : inner;
}

/** Of several declarations of one name the one with the most words in common, comments included. */
function sourceOf(
  declaration: Declaration,
  known: ReadonlyMap<string, readonly Declaration[]>,
  bundle: string,
): Declaration {
  const name = withoutSuffix(declaration.names[0]!.path);
  const inCommon = ({ words }: Declaration): number => [...declaration.words].filter((word) => words.has(word)).length;
  const [found] = (known.get(name) ?? []).toSorted((a, b) => inCommon(b) - inCommon(a));
  if (found === undefined) throw new Error(`${bundle} declares ${name}, which no source does`);
  return found;
}

/** The bundler tells equal names apart by a number at their end. */
function withoutSuffix(path: string): string {
  return path.replace(/^([^.]+)\$\d+/, '$1');
}

interface Mapping {
  readonly name: DeclaredName;
  readonly file: number;
  readonly origin: DeclaredName;
}

/** The mappings of a source map, in which every number is told as the difference to the one before. */
function encode(mappings: readonly Mapping[]): string {
  const ordered = mappings.toSorted((a, b) => a.name.line - b.name.line || a.name.column - b.name.column);
  let text = '';
  let line = 0;
  let last = { column: 0, file: 0, originLine: 0, originColumn: 0 };
  for (const { name, file, origin } of ordered) {
    if (name.line > line) {
      text += ';'.repeat(name.line - line);
      line = name.line;
      last = { ...last, column: 0 };
    } else if (text !== '' && !text.endsWith(';')) text += ',';
    const next = { column: name.column, file, originLine: origin.line, originColumn: origin.column };
    text += [
      next.column - last.column,
      next.file - last.file,
      next.originLine - last.originLine,
      next.originColumn - last.originColumn,
    ]
      .map(base64Vlq)
      .join('');
    last = next;
  }
  return text;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Five bits a digit, the lowest first and the sign lowest of all; the sixth bit tells that more follow. */
function base64Vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = '';
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}
