import { createStripe } from '../../simulation/stripe';
import { STRIPE_URL } from './env';

export const stripe = createStripe(STRIPE_URL);
