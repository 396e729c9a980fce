// A row of x normed by its root mean square, or, centred, by its spread around its mean with a bias.
// Needs x, norm (weights, then, centred, a row of biases), and width, eps and centred in params.

var<workgroup> norm_parts: array<f32, 64>;

struct Norm {
    mean: f32,
    scale: f32,
}

// Sum of what the invocations of a workgroup have.
fn norm_total(local: u32, part: f32) -> f32 {
    workgroupBarrier();
    norm_parts[local] = part;
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
        total += norm_parts[i];
    }
    return total;
}

// `row`: where it begins in x.
fn norm_of(row: u32, local: u32) -> Norm {
    var mean = 0.0;
    if (params.centred == 1u) {
        var sum = 0.0;
        for (var i = local; i < params.width; i += 64u) {
            sum += x[row + i];
        }
        mean = norm_total(local, sum) / f32(params.width);
    }
    var squares = 0.0;
    for (var i = local; i < params.width; i += 64u) {
        let value = x[row + i] - mean;
        squares += value * value;
    }
    let variance = norm_total(local, squares) / f32(params.width);
    return Norm(mean, inverseSqrt(variance + params.eps));
}

fn normed_at(row: u32, i: u32, row_norm: Norm) -> f32 {
    let value = (x[row + i] - row_norm.mean) * row_norm.scale * norm[i];
    if (params.centred == 1u) {
        return value + norm[(params.width + 31u) / 32u * 32u + i];
    }
    return value;
}
