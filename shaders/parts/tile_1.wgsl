// Decode: one weight read serves one token.
const TILE = 1u;
