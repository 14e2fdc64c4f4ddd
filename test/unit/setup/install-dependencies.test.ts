import { describe, expect, it } from 'vitest';
import { staleDependency } from '../../../scripts/setup/install-dependencies.mjs';

const LINUX = { platform: 'linux', arch: 'x64' };
const LEFT = 'node_modules/left';

describe('staleDependency', () => {
  it('finds nothing when every package is installed in its version', () => {
    const packages = { '': { version: '9.9.9' }, [LEFT]: { version: '1.0.0' } };

    expect(staleDependency(packages, { [LEFT]: { version: '1.0.0' } }, LINUX)).toBeUndefined();
  });

  it('names a package that is missing', () => {
    expect(staleDependency({ [LEFT]: { version: '1.0.0' } }, {}, LINUX)).toBe(LEFT);
  });

  it('names a package of another version', () => {
    const found = staleDependency({ [LEFT]: { version: '1.0.1' } }, { [LEFT]: { version: '1.0.0' } }, LINUX);

    expect(found).toBe(LEFT);
  });

  it('does without an optional package of another system', () => {
    const wanted = { [LEFT]: { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['x64'] } };

    expect(staleDependency(wanted, {}, LINUX)).toBeUndefined();
  });

  it('names an optional package that this system needs, as after a move to another one', () => {
    const wanted = { [LEFT]: { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'] } };

    expect(staleDependency(wanted, {}, LINUX)).toBe(LEFT);
  });

  it('ignores packages that were added by hand', () => {
    expect(staleDependency({}, { [LEFT]: { version: '1.0.0' } }, LINUX)).toBeUndefined();
  });
});
