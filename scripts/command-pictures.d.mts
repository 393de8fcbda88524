/** Pictures for the docs by name, as SVG. */
export function drawCommands(): Promise<readonly (readonly [name: string, svg: string])[]>;
