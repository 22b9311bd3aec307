import { notFound, ok, type PlatformRoute, route } from './platform-route.js';

// Every experiment belongs to one settings object, like every experiment token. The collector has only one.
const SETTINGS = {
  id: 'settings_local',
  accountId: 'account_local',
  name: 'Local collector',
  pixel: 'exp_local',
  cookieName: null,
  whitelistDomains: null,
  createdAt: new Date(0).toISOString(),
  updatedAt: null,
  createdByUserId: null,
  updatedByUserId: null,
};

export function experimentSettingsRoutes(): PlatformRoute[] {
  return [
    route('GET', '/experiment-settings', 'experimentSettings:list', () => ok({ entities: [SETTINGS] })),
    route('GET', '/experiment-settings/:id', 'experimentSettings:find', ({ params }) => {
      return params.id === SETTINGS.id ? ok(SETTINGS) : notFound('experiment settings');
    }),
  ];
}
