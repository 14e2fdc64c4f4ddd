import { fileURLToPath } from 'node:url';
import { otherPersonPhoto, photoWithoutFace, samePersonPhotos } from '../support/photos/photos.js';
import { startService } from '../support/programs/service.js';
import { startImageServer } from '../support/servers/image-server.js';
import { runTool, type ToolRun } from './run-tool.js';

const besideThis = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const ADMIN_KEY = 'contract-0123456789abcdef';

export interface AttackOptions {
  /** The program. */
  readonly schemathesis: string;
  readonly document: string;
  /** Requests to each operation, roughly. */
  readonly cases: string;
  /** Folder that the program may write to. */
  readonly cwd: string;
}

/** Starts a service and sends it requests that fit the document and requests that do not. */
export async function attackService({ schemathesis, document, cases, cwd }: AttackOptions): Promise<ToolRun> {
  const images = await startImageServer();
  const photos = [...(await samePersonPhotos()), await otherPersonPhoto(), await photoWithoutFace()];
  const urls = photos.map((photo, index) => images.serve(`/${index}.jpg`, photo));
  const service = await startService({ env: { ADMIN_API_KEYS: `contract:${ADMIN_KEY}` } });
  try {
    const args = ['run', document, '--url', service.origin, '--max-examples', cases];
    return await runTool(schemathesis, ['--config-file', besideThis('schemathesis.toml'), ...args], {
      cwd,
      env: {
        CONTRACT_TEST_KEY: ADMIN_KEY,
        CONTRACT_HOOKS: besideThis('photo_urls.py'),
        CONTRACT_PHOTO_URLS: [...urls, `${images.origin}/missing.jpg`].join(' '),
      },
    });
  } finally {
    await service.stop();
    await images.stop();
  }
}
