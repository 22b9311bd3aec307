/** What this package uses of undici. */
export type Undici = Pick<typeof import('undici'), 'Pool' | 'ProxyAgent' | 'buildConnector' | 'errors'>;

/** undici, and the release it was bundled from; the installed package has no such property. */
type Bundled = Undici & { readonly version?: string };

/**
 * Loads undici. The build replaces the import with a bundle of its dispatchers, which loads in a tenth of the time
 * (build/undici.ts). A later release that is installed beside this package wins over the bundle: a fix of undici must not wait
 * for our next release.
 */
export async function loadUndici(): Promise<Undici> {
  const { default: bundled }: { readonly default: Bundled } = await import('undici');
  return (bundled.version && laterInstalled(bundled.version)) || bundled;
}

/** The installed undici if it is a later release than `bundled`. */
export function laterInstalled(bundled: string): Undici | undefined {
  try {
    const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);
    const { version } = require('undici/package.json') as { readonly version: string };
    return isLaterRelease(version, bundled) ? (require('undici') as Undici) : undefined;
  } catch {
    // An application that is bundled has no packages installed, and Node's permission model may forbid reading them.
    return undefined;
  }
}

/** Whether `version` is a later release than `other` within the same major version. */
function isLaterRelease(version: string, other: string): boolean {
  const [major, minor, patch] = numbersOf(version);
  const [otherMajor, otherMinor, otherPatch] = numbersOf(other);
  return major === otherMajor && (minor > otherMinor || (minor === otherMinor && patch > otherPatch));
}

function numbersOf(version: string): [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return [major, minor, patch];
}
