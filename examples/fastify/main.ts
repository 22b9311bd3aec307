import { demonstrate } from '../simulation/world.js';
import { createShop } from './shop.js';

await demonstrate(async (world) => {
  const shop = await createShop(world);
  return { url: await shop.listen({ host: '127.0.0.1', port: 0 }), close: () => shop.close() };
});
