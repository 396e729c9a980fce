// One row of weights per invocation, or per LANES of them.

const ROWS = 1u;

struct Rows {
    a: Tile,
}

// What `part` has of each row, times `factor`, added.
fn rows_add(sums: Rows, factor: f32, part: Rows) -> Rows {
    return Rows(sums.a + factor * part.a);
}

// The unit at `unit` times activations, added.
fn rows_dot(sums: Rows, unit: u32, row_units: u32, x: TileActivations) -> Rows {
    return Rows(sums.a + tile_dot(unit_at(unit), x));
}

fn of_row(sums: Rows, r: u32) -> Tile {
    return sums.a;
}
