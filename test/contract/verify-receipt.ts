import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createReceiptKeys } from '../../src/shared/receipts/receipt-keys.js';
import { servePhotos } from '../support/photos/photo-set.js';
import { readSample } from '../support/programs/document-sample.js';
import { startService } from '../support/programs/service.js';
import { startImageServer } from '../support/servers/image-server.js';
import { runTool, type ToolRun } from './run-tool.js';

/** The libraries that this check needs. */
export const RECEIPT_TOOLS = ['joserfc==1.8.0', 'pyjwt[crypto]==2.15.1'];

/** Starts a service, gets a receipt, and verifies it with Python: by our check and by the sample of docs/receipts.md. */
export async function verifyReceipt(
  python: string,
  folder: string,
): Promise<[check: ToolRun, sample: ToolRun]> {
  const images = await startImageServer();
  const photos = await servePhotos(images);
  const service = await startService({ env: { RECEIPT_KEYS: createReceiptKeys() } });
  try {
    const { body } = await service.post('/compare-faces', { user_id: 42, ...photos.same, receipt: true });
    const env = {
      RECEIPT: String(body.receipt),
      JWKS_URL: `${service.origin}/.well-known/jwks.json`,
    };
    const sample = join(folder, 'verify_receipt.py');
    const place = { path: 'docs/receipts.md', language: 'python', mark: 'PyJWKClient' };
    writeFileSync(sample, readSample(place, { 'http://127.0.0.1:8333': service.origin }));
    const check = fileURLToPath(new URL('verify_receipt.py', import.meta.url));
    return [await runTool(python, [check], { env }), await runTool(python, [sample], { env })];
  } finally {
    await service.stop();
    await images.stop();
  }
}
