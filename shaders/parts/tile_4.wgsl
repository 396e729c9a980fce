// Prefill: one weight read serves four tokens. The kernel says where a token's activations begin, by
// `source_of`.

const TILE = 4u;
const TILE_PLACES = STAGE_UNITS / TILE;     // where in the stage the next token's begin

alias Sources = vec4<u32>;                  // where the activations of each token begin, in fours
alias Tile = vec4<f32>;                     // a number for each token

struct TileActivations {
    a: Activations,
    b: Activations,
    c: Activations,
    d: Activations,
}

fn tile_sources(first: u32) -> Sources {
    return vec4(source_of(first), source_of(first + 1u), source_of(first + 2u), source_of(first + 3u));
}

fn stage_tile(local: u32, sources: Sources, count: u32) {
    stage(local, 0u, sources.x, count);
    stage(local, TILE_PLACES, sources.y, count);
    stage(local, 2u * TILE_PLACES, sources.z, count);
    stage(local, 3u * TILE_PLACES, sources.w, count);
}

fn tile_activations(place: u32, sources: Sources) -> TileActivations {
    return TileActivations(
        activations(place, sources.x),
        activations(place + TILE_PLACES, sources.y),
        activations(place + 2u * TILE_PLACES, sources.z),
        activations(place + 3u * TILE_PLACES, sources.w),
    );
}

fn tile_dot(unit: Unit, x: TileActivations) -> Tile {
    return vec4(unit_dot(unit, x.a), unit_dot(unit, x.b), unit_dot(unit, x.c), unit_dot(unit, x.d));
}

fn of_token(tile: Tile, t: u32) -> f32 {
    return tile[t];
}
