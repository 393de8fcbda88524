export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f5fbf"/><path fill="#fff" d="M3 3h10v2H3zm0 4h7v2H3zm0 4h4v2H3z"/></svg>`;
