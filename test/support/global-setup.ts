/** Nothing to prepare yet; suites start what they need themselves. */
export default function setup(): void {}
