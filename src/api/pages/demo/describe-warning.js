export const PHOTO_NAMES = {
  front_image1: 'Probe photo 1',
  front_image2: 'Probe photo 2',
  front_image3: 'Probe photo 3',
  back_image: 'Reference photo',
};

/** @type {Readonly<Record<string, string>>} */
const WORDS = {
  small_face: 'the face is small',
  blurred: 'the face is slightly blurred',
  dark: 'the face is rather dark',
  overexposed: 'the face is rather bright',
  covered: 'part of the face is covered',
  turned: 'the face is turned away',
  unclear: 'the face is not quite clear',
  several_faces: 'the photo shows several faces; one was used',
  repaired_file: 'the file breaks the JPEG standard in a harmless way',
  rotated_90: 'the photo is sideways',
  rotated_180: 'the photo is upside down',
  rotated_270: 'the photo is sideways',
};

/**
 * Returns a warning in plain words, or its code if this page does not know it.
 * @param {string} code
 */
export function describeWarning(code) {
  const [, near, other] = /^(near_)?identical_to_(\w+)$/.exec(code) ?? [];
  if (other === undefined) return WORDS[code] ?? code.replaceAll('_', ' ');
  const name = PHOTO_NAMES[/** @type {keyof typeof PHOTO_NAMES} */ (other)] ?? other;
  return `${near ? 'the same picture' : 'the same file'} as ${name.toLowerCase()}`;
}

/**
 * Returns true if the warning says that two photos are the same.
 * @param {string} code
 */
export function isCopyWarning(code) {
  return code.includes('identical_to_');
}
