// Decode: one weight read serves one token. The kernel says where a token's activations begin, by
// `source_of`.

const TILE = 1u;

alias Sources = u32;                        // where the activations of each token begin, in fours
alias Tile = f32;                           // a number for each token
alias TileActivations = Activations;

fn tile_sources(first: u32) -> Sources {
    return source_of(first);
}

fn stage_tile(local: u32, sources: Sources, count: u32) {
    stage(local, 0u, sources, count);
}

fn tile_activations(place: u32, sources: Sources) -> TileActivations {
    return activations(place, sources);
}

fn tile_dot(unit: Unit, x: TileActivations) -> Tile {
    return unit_dot(unit, x);
}

fn of_token(tile: Tile, t: u32) -> f32 {
    return tile;
}
