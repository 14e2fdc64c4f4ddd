import { describe, expect, it } from 'vitest';
import { checkSettings } from '../../../../src/cli/start/check-settings.js';
import { UserError } from '../../../../src/cli/user-error.js';
import { createReceiptKeys } from '../../../../src/shared/receipts/receipt-keys.js';

describe('checkSettings', () => {
  it('has no warning about the defaults', () => {
    expect(checkSettings({}, undefined)).toEqual([]);
  });

  it('has no warning about secrets that it gives to the program that needs them', () => {
    expect(checkSettings({ RECEIPT_KEYS: createReceiptKeys() }, undefined)).toEqual([]);
  });

  it('lists every wrong value of either program before anything starts', () => {
    const check = () => checkSettings({ SYNC_WAIT_TIMEOUT: 'soon', FACE_SELECTION: 'best' }, undefined);

    expect(check).toThrow(UserError);
    expect(check).toThrow(/SYNC_WAIT_TIMEOUT[\s\S]*FACE_SELECTION/);
  });

  it.each([
    ['FACE_MATCH_THRESHOLD', 'abc'],
    ['MAX_IMAGE_BYTES', '10MB'],
    ['DETECTION_SIZE', '100'],
    ['FACE_MATCH_MIN_MATCHES', '4'],
    ['IMAGE_DOWNLOAD_TIMEOUT', '15s'],
  ])('reports once that %s=%s fell back, with the value', (name, value) => {
    const warnings = checkSettings({ [name]: value }, undefined);

    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^${name} is "${value}".*; using `))]);
  });

  it('reports names of a .env file that the service does not know, and no names of other programs', () => {
    const names = ['API_KEY', 'API_KEYS_FILE', 'COMPOSE_PROJECT_NAME', 'NODE_OPTIONS', 'PORT'];

    const warnings = checkSettings({}, { path: '.env', names, warnings: ['.env sets PORT'] });

    expect(warnings).toEqual(['.env sets PORT', '.env sets API_KEY, which this service does not know']);
  });
});
