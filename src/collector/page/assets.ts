import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { get, type Route } from '../http/route.js';

/** A file in `assets/`, next to the code. The build copies files of other packages there. */
interface AssetFile {
  readonly type: string;
  /** Its module path before the build. */
  readonly module?: string;
}

const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

export type AssetName =
  | 'theme.css'
  | 'page.css'
  | 'events.css'
  | 'experiments.css'
  | 'page.js'
  | 'charts.js'
  | 'icon.svg'
  | 'uPlot.min.css'
  | 'uPlot.iife.min.js';

const FILES: Readonly<Record<AssetName, AssetFile>> = {
  'theme.css': { type: CSS },
  'page.css': { type: CSS },
  'events.css': { type: CSS },
  'experiments.css': { type: CSS },
  'page.js': { type: SCRIPT },
  'charts.js': { type: SCRIPT },
  'icon.svg': { type: 'image/svg+xml' },
  'uPlot.min.css': { type: CSS, module: 'uplot/dist/uPlot.min.css' },
  'uPlot.iife.min.js': { type: SCRIPT, module: 'uplot/dist/uPlot.iife.min.js' },
};

export interface Assets {
  readonly routes: readonly Route[];
  /** The URL of a file, which changes with its content, so that browsers may cache it forever. */
  href(name: AssetName): string;
}

interface Loaded {
  readonly bytes: Buffer;
  readonly version: string;
}

/** The files of the pages. Each is read on the first request, because collectors in tests show no pages. */
export function createAssets(): Assets {
  const loaded = new Map<AssetName, Loaded>();
  const load = (name: AssetName): Loaded => {
    const known = loaded.get(name);
    if (known !== undefined) return known;
    const bytes = readFileSync(locate(name, FILES[name]));
    const version = createHash('sha256').update(bytes).digest('base64url').slice(0, 12);
    loaded.set(name, { bytes, version });
    return { bytes, version };
  };
  const names = Object.keys(FILES) as AssetName[];
  return {
    routes: names.map((name) =>
      get(`/assets/${name}`, () => ({
        status: 200,
        body: load(name).bytes,
        headers: {
          'content-type': FILES[name].type,
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
        },
      })),
    ),
    href: (name) => `/assets/${name}?v=${load(name).version}`,
  };
}

function locate(name: string, { module }: AssetFile): string {
  const beside = fileURLToPath(new URL(`./assets/${name}`, import.meta.url));
  return module === undefined || existsSync(beside) ? beside : createRequire(import.meta.url).resolve(module);
}
