import express from 'express';
import { it } from 'vitest';
// It registers its events.
import '../../examples/express-stripe/shop.js';

it('the visitor of a request of Express knows the registered events', () => {
  express().get('/', ({ visitor }) => {
    visitor.track('page_viewed', { page: 'home' });
    // @ts-expect-error unknown event
    visitor.track('page_viewd', { page: 'home' });
    // @ts-expect-error a number instead of a string
    visitor.track('page_viewed', { page: 1 });
  });
});
