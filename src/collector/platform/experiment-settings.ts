import { notFound, ok, type PlatformRoute } from './platform-route.js';

// What an experiment belongs to, which is also what an experiment token stands for. The collector has one.
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
    {
      method: 'GET',
      path: '/experiment-settings',
      scope: 'experimentSettings:list',
      handle: () => ok({ entities: [SETTINGS] }),
    },
    {
      method: 'GET',
      path: '/experiment-settings/:id',
      scope: 'experimentSettings:find',
      handle({ params }) {
        return params.id === SETTINGS.id ? ok(SETTINGS) : notFound('experiment settings');
      },
    },
  ];
}
