// Rows of a matrix shared out over a workgroup: 64 / LANES rows, LANES invocations each.

var<workgroup> lane_sums: array<f32, 64>;

// The first row of this invocation. Row groups beyond one grid dimension fold into `folds` layers of z.
fn lane_row(group_x: u32, groups_x: u32, fold: u32, local: u32) -> u32 {
    return ((fold * groups_x + group_x) * (64u / LANES) + local / LANES) * ROWS;
}

// The sum over the lanes of a row; every invocation of the workgroup must come here.
fn lanes_sum(local: u32, sum: f32) -> f32 {
    if (LANES == 1u) {
        return sum;
    }
    workgroupBarrier();
    lane_sums[local] = sum;
    workgroupBarrier();
    let first = local - local % LANES;
    var total = 0.0;
    for (var lane = 0u; lane < LANES; lane++) {
        total += lane_sums[first + lane];
    }
    return total;
}
