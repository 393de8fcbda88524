/** The picture of the README as SVG. */
export function drawSession(): Promise<string>;
