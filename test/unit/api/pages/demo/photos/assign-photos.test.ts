import { describe, expect, it } from 'vitest';

type Assign = (
  photos: readonly { name: string }[],
  places: { empty: readonly string[]; first?: string },
) => { placed: [string, { name: string }][]; unused: { name: string }[] };

const { assignPhotos } = (await import(
  new URL('../../../../../../src/api/pages/demo/photos/assign-photos.js', import.meta.url).href
)) as { assignPhotos: Assign };

const ALL = ['front_image1', 'front_image2', 'front_image3', 'back_image'];

function assign(names: readonly string[], empty: readonly string[] = ALL, first?: string) {
  const photos = names.map((name) => ({ name }));
  const { placed, unused } = assignPhotos(photos, first === undefined ? { empty } : { empty, first });
  return {
    placed: Object.fromEntries(placed.map(([place, { name }]) => [place, name])),
    unused: unused.map(({ name }) => name),
  };
}

describe('assignPhotos', () => {
  it.each(['back.jpg', 'Reference.png', 'id-card.jpg', 'passport 2019.jpg', 'licence.webp'])(
    'takes %s for the reference and the others in the order of their names',
    (reference) => {
      expect(assign(['selfie 10.jpg', reference, 'selfie 9.jpg', 'selfie 1.jpg']).placed).toEqual({
        front_image1: 'selfie 1.jpg',
        front_image2: 'selfie 9.jpg',
        front_image3: 'selfie 10.jpg',
        back_image: reference,
      });
    },
  );

  it('takes the last of four photos for the reference if no name says which one it is', () => {
    expect(assign(['d.jpg', 'a.jpg', 'idris.jpg', 'b.jpg']).placed).toEqual({
      front_image1: 'a.jpg',
      front_image2: 'b.jpg',
      front_image3: 'd.jpg',
      back_image: 'idris.jpg',
    });
  });

  it('replaces every photo with four new ones, and leaves out more', () => {
    const { placed, unused } = assign(['5.jpg', '4.jpg', '3.jpg', '2.jpg', '1.jpg'], []);

    expect(Object.values(placed)).toEqual(['1.jpg', '2.jpg', '3.jpg', '4.jpg']);
    expect(unused).toEqual(['5.jpg']);
  });

  it('fills only empty places with fewer photos', () => {
    expect(assign(['b.jpg', 'a.jpg'], ['front_image3'])).toEqual({
      placed: { front_image3: 'a.jpg' },
      unused: ['b.jpg'],
    });
    expect(assign(['a.jpg'], [])).toEqual({ placed: {}, unused: ['a.jpg'] });
  });

  it('puts a photo where it was dropped, whatever its name, and further ones into empty places', () => {
    expect(assign(['back.jpg'], [], 'front_image2').placed).toEqual({ front_image2: 'back.jpg' });
    expect(assign(['a.jpg', 'b.jpg'], ['back_image'], 'front_image2').placed).toEqual({
      front_image2: 'a.jpg',
      back_image: 'b.jpg',
    });
  });
});
