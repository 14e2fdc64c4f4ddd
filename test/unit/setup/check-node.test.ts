import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkNode } from '../../../scripts/setup/check-node.mjs';

describe('checkNode', () => {
  it.each(['20.18.1', '20.19.0', '20.100.0', '22.0.0', '24.11.1'])('accepts Node %s', (version) => {
    expect(() => checkNode(version)).not.toThrow();
  });

  it.each(['18.20.8', '20.18.0', '20.9.5', '6.99.99'])(
    'refuses Node %s and names the one it needs',
    (version) => {
      expect(() => checkNode(version)).toThrow(/20\.18\.1 or newer; you run/);
    },
  );

  it('asks for what package.json asks for', () => {
    const { engines }: { engines: { node: string } } = JSON.parse(readFileSync('package.json', 'utf8'));

    expect(() => checkNode('0.0.0')).toThrow(engines.node.replace('>=', ''));
  });
});
