import { expect, it } from 'vitest';
import { addCookieProperties, readSdkData } from '../../src/adapters/sdk-cookies.js';

const DATA = '_cord_sdk_data';
const cookie = (data: unknown) => `${DATA}=${encodeURIComponent(JSON.stringify(data))}`;

it('reads the JSON in the SDK’s cookie', () => {
  expect(readSdkData(cookie({ sid: 'sid_1' }), DATA)).toEqual({ sid: 'sid_1' });
});

it.each(['', `${DATA}=`, `${DATA}={`, `${DATA}=null`, 'other={}'])('finds nothing in %j', (cookies) => {
  expect(readSdkData(cookies, DATA)).toEqual({});
});

function cookieProperties(cookies: string): Record<string, string | number> {
  const properties = {};
  addCookieProperties(properties, cookies, readSdkData(cookies, DATA));
  return properties;
}

it('reads the event properties that are valid', () => {
  const sdk = cookie({ fb_init: 'fb.1.2.3', session_count: 4 });
  expect(cookieProperties(`_axwrt=A; ${sdk}`)).toEqual({ axwrt: 'A', fbp: 'fb.1.2.3', sessionCount: 4 });
  expect(cookieProperties(cookie({ fb_init: 'x'.repeat(1_001), session_count: 1.5 }))).toEqual({});
  expect(cookieProperties(`_axwrt=%07; ${cookie([])}`)).toEqual({});
});
