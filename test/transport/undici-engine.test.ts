import installed from 'undici';
import { describe, expect, it } from 'vitest';
import { laterInstalled } from '../../src/transport/undici-engine.js';
import { bundledUndici } from '../support/bundled-undici.js';

describe('undici as the package bundles it', async () => {
  const bundled = await bundledUndici();

  it('has the same dispatchers and errors as the installed one', () => {
    expect(String(bundled.errors)).toBe(String(installed.errors));
    expect(Object.keys(bundled.errors)).toEqual(Object.keys(installed.errors));
    for (const name of ['Pool', 'ProxyAgent', 'buildConnector'] as const)
      expect(bundled[name].length, name).toBe(installed[name].length);
  });

  it('is replaced by an installed one only if that is a later release of the same major version', () => {
    expect(laterInstalled(bundled.version)).toBeUndefined();
    const [major, minor, patch] = bundled.version.split('.').map(Number) as [number, number, number];
    expect(laterInstalled(`${major}.${minor}.${patch + 1}`)).toBeUndefined();
    expect(laterInstalled(`${major}.${minor + 1}.0`)).toBeUndefined();
    expect(laterInstalled(`${major - 1}.0.0`)).toBeUndefined();
    expect(laterInstalled(`${major}.${minor}.${patch - 1}`)?.Pool).toBe(installed.Pool);
    expect(laterInstalled(`${major}.${minor - 1}.${patch + 1}`)?.Pool).toBe(installed.Pool);
  });
});
