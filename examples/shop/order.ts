import { z } from 'zod';
import { CURRENCIES } from './prices.js';

/** The form on the home page. */
export const order = z.object({ currency: z.enum(CURRENCIES) });
