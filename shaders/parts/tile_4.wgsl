// Prefill: one weight read serves four tokens.
const TILE = 4u;
