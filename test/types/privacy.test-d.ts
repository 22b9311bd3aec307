import { describe, expectTypeOf, it } from 'vitest';
import { createClient } from '../../src/index.js';
import { createGuard, type Guard } from '../../src/privacy/index.js';

describe('a guard', () => {
  it('is an option of a client', () => {
    const guard = createGuard({ preset: 'health', found: 'hash', parameters: { allow: ['plan'] } });
    expectTypeOf(guard).toEqualTypeOf<Guard>();
    createClient({ token: 'test_token', guard });
  });

  it('has only the presets and treatments that exist', () => {
    // @ts-expect-error no such preset
    createGuard({ preset: 'bank' });
    // @ts-expect-error no such treatment
    createGuard({ found: 'mask' });
    // @ts-expect-error patterns could take for ever, so names are strings
    createGuard({ properties: { deny: [/ssn/] } });
  });
});
