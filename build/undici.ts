import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { packageFolder } from './third-party.js';

// undici loads in 90 to 140 ms, most of it for what this package never uses. The bundle holds its HTTP/1 dispatchers alone
// (docs/decisions/001-undici-dispatch.md).

const require = createRequire(import.meta.url);
const { version } = require('undici/package.json') as { readonly version: string };

/** The dispatchers for a proxy are evaluated when they are first read; they ask for tunnels by a method that undici adds at the end. */
const ENTRY = `
  const withConnect = (ProxyAgent) => {
    require('undici/lib/dispatcher/dispatcher.js').prototype.connect = require('undici/lib/api/api-connect.js');
    return ProxyAgent;
  };
  module.exports = {
    version: '${version}',
    Pool: require('undici/lib/dispatcher/pool.js'),
    buildConnector: require('undici/lib/core/connect.js'),
    errors: require('undici/lib/core/errors.js'),
    get ProxyAgent() { return withConnect(require('undici/lib/dispatcher/proxy-agent.js')); },
    get EnvHttpProxyAgent() { return withConnect(require('undici/lib/dispatcher/env-http-proxy-agent.js')); },
  };`;

const notIncluded = (what: string): string => `module.exports = () => { throw new Error('${what} is not included'); };`;

/** Files of undici that the bundle has in another form. */
const REPLACED: readonly { readonly file: RegExp; readonly contents: () => string }[] = [
  // Loads node:http2, which takes as long as all the rest.
  { file: /undici\/lib\/dispatcher\/client-h2\.js$/, contents: () => notIncluded('HTTP/2') },
  // For bodies of FormData; ours are bytes.
  {
    file: /undici\/lib\/web\/fetch\/body\.js$/,
    contents: () => `exports.extractBody = ${notIncluded('FormData').slice('module.exports = '.length)}`,
  },
  // Both parsers give the same results, and only this one runs on every CPU.
  {
    file: /undici\/lib\/llhttp\/llhttp_simd-wasm\.js$/,
    contents: () => `module.exports = require('./llhttp-wasm.js');`,
  },
  // Tables that undici computes when it is loaded, and of which it reads two.
  {
    file: /undici\/lib\/llhttp\/constants\.js$/,
    contents: () => `module.exports = ${JSON.stringify(usedConstants())};`,
  },
];

function usedConstants(): object {
  const constants = require('undici/lib/llhttp/constants.js') as Readonly<Record<string, unknown>>;
  const parser = readFileSync(require.resolve('undici/lib/dispatcher/client-h1.js'), 'utf8');
  const used = new Set([...parser.matchAll(/\bconstants\.(\w+)\b(?!')/g)].map(([, name]) => name!));
  return Object.fromEntries([...used].map((name) => [name, constants[name]]));
}

/** Modules of Node that take milliseconds to load, and of which undici needs little. */
const BUILT_INS: Readonly<Record<string, string>> = {
  'node:assert': `module.exports = (ok, message) => { if (!ok) process.getBuiltinModule('node:assert')(ok, message); };`,
  // Node's own limit unless --max-http-header-size changes it.
  'node:http': 'module.exports = { maxHeaderSize: 16_384, IncomingMessage: class {} };',
};

/** Node's modules are taken from the process: neither `require` nor `import` works in every bundle that this one ends up in. */
const slim: Plugin = {
  name: 'slim',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'built-in' }));
    onLoad({ filter: /./, namespace: 'built-in' }, ({ path }) => ({
      contents: BUILT_INS[path] ?? `module.exports = process.getBuiltinModule('${path}');`,
    }));
    for (const { file, contents } of REPLACED) {
      onLoad({ filter: file }, ({ path }) => ({
        contents: contents(),
        resolveDir: path.slice(0, path.lastIndexOf('/')),
      }));
    }
  },
};

const BUNDLE = {
  stdin: { contents: ENTRY, resolveDir: '.' },
  bundle: true,
  platform: 'node',
  plugins: [slim],
  // undici gives its errors a code and a name of their own, so classes may be renamed.
  minify: true,
  legalComments: 'none',
} as const satisfies BuildOptions;

/** Leads the import of undici to the bundle. */
export function toBundledUndici(extension: 'js' | 'cjs'): Plugin {
  return {
    name: 'to-bundled-undici',
    setup({ onResolve }) {
      onResolve({ filter: /^undici$/ }, () => ({ path: `./vendor/undici.${extension}`, external: true }));
    },
  };
}

/** Writes the bundle into `folder`, as an ES module and as CommonJS. */
export async function bundleUndici(target: string, folder: string): Promise<void> {
  await Promise.all([
    build({ ...BUNDLE, target, format: 'esm', outfile: `${folder}/undici.js` }),
    build({ ...BUNDLE, target, format: 'cjs', outfile: `${folder}/undici.cjs` }),
  ]);
}

/** The folders of all packages in the bundle, below node_modules. */
export async function packagesInUndici(): Promise<string[]> {
  const { metafile } = await build({ ...BUNDLE, format: 'esm', metafile: true, write: false });
  return Object.keys(metafile.inputs)
    .filter((input) => input.includes('node_modules/'))
    .map(packageFolder);
}
