import { z } from 'zod';
import { CURRENCIES } from './prices.js';

/** What the home page's form posts. */
export const order = z.object({ currency: z.enum(CURRENCIES) });
