// `npm run webhook-secret`: prints the secrets with which a tenant's receiver verifies webhooks.
import { type ArgsDef, defineCommand, runMain } from 'citty';
import { ANONYMOUS, isKeyName } from '../shared/config/api-keys.js';
import { loadKeyNames, loadTenants, loadWebhookSecrets } from '../shared/config/config.js';
import { signingSecrets } from '../shared/webhooks/webhook-secret.js';
import { refuseUnknown } from './refuse-unknown.js';
import { reportUserError, UserError } from './user-error.js';

const options = {
  tenant: { type: 'positional', description: 'Name of the API key', required: true },
} as const satisfies ArgsDef;

/** @throws UserError when no caller can be this tenant or no secret is set; ConfigError for a wrong setting. */
function printSecrets(tenant: string): void {
  if (!isKeyName(tenant)) throw new UserError(`${JSON.stringify(tenant)} cannot be the name of an API key.`);
  const names = loadKeyNames();
  if (names.length > 0 && !names.includes(tenant))
    throw new UserError(`Neither API_KEYS nor TENANTS_FILE names ${tenant}. They name: ${names.join(', ')}.`);
  const [masters, tenants] = [loadWebhookSecrets(), loadTenants()];
  if (masters.length === 0 && !tenants.get(tenant)?.webhookSecrets)
    throw new UserError('Set WEBHOOK_SECRETS or WEBHOOK_SECRETS_FILE to the value that the service uses.');
  if (tenant === ANONYMOUS)
    console.error(
      'Callers without a key share WEBHOOK_SECRETS itself. Do not give it to the holder of a key.',
    );
  const settings = { WEBHOOK_SECRETS: masters, WEBHOOK_SHARED_SIGNATURE: false, tenants };
  for (const secret of signingSecrets(tenant, settings, Date.now())) console.log(secret);
}

await runMain(
  defineCommand({
    meta: {
      name: 'webhook-secret',
      description:
        'Print the secrets that sign the webhooks of an API key: its own in TENANTS_FILE, or one for each entry of WEBHOOK_SECRETS',
    },
    args: options,
    run: ({ args }) => {
      try {
        refuseUnknown(args, options);
        printSecrets(args.tenant);
      } catch (error) {
        reportUserError(error);
      }
    },
  }),
);
