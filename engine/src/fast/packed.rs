//! The formats that have a fast product: one file each, and one line in the list below.

use super::activations::Unit;
use super::lanes::Pieces;
use super::rows::{Packed, multiply};
use crate::quant::Format;

/// Tokens multiplied at once, and where their products go.
pub enum Tile<'a> {
    One([&'a [Unit]; 1], [&'a mut [f32]; 1]),
    Two([&'a [Unit]; 2], [&'a mut [f32]; 2]),
    Four([&'a [Unit]; 4], [&'a mut [f32]; 4]),
}

/// Multiplies rows in lanes; see [`multiply`].
pub type TileProduct = fn(Tile<'_>, &[u8], usize, usize);

mod scales;

/// Writes the choice of a product by format from one sorted list.
macro_rules! packed {
    ($($format:ident = $stem:ident :: $packed:ident;)*) => {
        $(mod $stem;)*

        /// The product of a format; none where rows are decoded to floats.
        pub fn tile(format: Format) -> Option<TileProduct> {
            match format {
                $(Format::$format => Some(|tile, lanes, group_bytes, skip| match tile {
                    Tile::One(x, out) => multiply::<$stem::$packed, 1>(lanes, group_bytes, skip, x, out),
                    Tile::Two(x, out) => multiply::<$stem::$packed, 2>(lanes, group_bytes, skip, x, out),
                    Tile::Four(x, out) => multiply::<$stem::$packed, 4>(lanes, group_bytes, skip, x, out),
                }),)*
                _ => None,
            }
        }

        /// What a block of a format with a product is made of.
        pub fn pieces(format: Format) -> Option<Pieces> {
            match format {
                $(Format::$format => Some($stem::$packed::PIECES),)*
                _ => None,
            }
        }
    };
}

packed! {
    MXFP4 = mxfp4::Mxfp4;
    Q4_0 = q4_0::Q4_0;
    Q4_K = q4_k::Q4K;
    Q5_0 = q5_0::Q5_0;
    Q5_K = q5_k::Q5K;
    Q6_K = q6_k::Q6K;
    Q8_0 = q8_0::Q8_0;
}
