// Four neighbouring rows of weights per invocation: activations are read once for all.

const ROWS = 4u;

struct Rows {
    a: Tile,
    b: Tile,
    c: Tile,
    d: Tile,
}

// What `part` has of each row, times `factor`, added.
fn rows_add(sums: Rows, factor: f32, part: Rows) -> Rows {
    return Rows(
        sums.a + factor * part.a,
        sums.b + factor * part.b,
        sums.c + factor * part.c,
        sums.d + factor * part.d,
    );
}

// The unit at `unit`, and those of the next rows, times activations, added.
fn rows_dot(sums: Rows, unit: u32, row_units: u32, x: TileActivations) -> Rows {
    return Rows(
        sums.a + tile_dot(unit_at(unit), x),
        sums.b + tile_dot(unit_at(unit + row_units), x),
        sums.c + tile_dot(unit_at(unit + 2u * row_units), x),
        sums.d + tile_dot(unit_at(unit + 3u * row_units), x),
    );
}

fn of_row(sums: Rows, r: u32) -> Tile {
    switch r {
        case 0u: { return sums.a; }
        case 1u: { return sums.b; }
        case 2u: { return sums.c; }
        default: { return sums.d; }
    }
}
