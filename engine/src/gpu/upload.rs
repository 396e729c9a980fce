//! Brings a pack's rows, as they stand in the file, into the layout shaders read.

use crate::plan::WeightPack;

/// A pack under way: rows come in, words go out, a group's incomplete rest is kept between.
#[derive(Debug, Default)]
pub(super) struct Upload {
    rest: Vec<u8>,
    written_bytes: u64,
}

impl Upload {
    /// Takes whole rows and returns where the words that are complete now belong.
    pub fn push(&mut self, pack: &WeightPack, rows: &[u8]) -> (u64, Vec<u32>) {
        self.append_padded(pack, rows);
        let whole = self.rest.len() - self.rest.len() % pack.format.group_bytes();
        let rest = self.rest.split_off(whole);
        let blocks = std::mem::replace(&mut self.rest, rest);
        self.repacked(pack, &blocks)
    }

    /// The last, incomplete group.
    pub fn finish(mut self, pack: &WeightPack) -> (u64, Vec<u32>) {
        let blocks = std::mem::take(&mut self.rest);
        self.repacked(pack, &blocks)
    }

    fn append_padded(&mut self, pack: &WeightPack, rows: &[u8]) {
        let padding = pack.row_padding_bytes();
        if padding == 0 {
            self.rest.extend_from_slice(rows);
            return;
        }
        for row in rows.chunks(pack.row_bytes() as usize) {
            self.rest.extend_from_slice(row);
            self.rest.resize(self.rest.len() + padding, 0);
        }
    }

    fn repacked(&mut self, pack: &WeightPack, blocks: &[u8]) -> (u64, Vec<u32>) {
        let mut words = Vec::with_capacity(blocks.len() / 4 + 1);
        pack.format.repack(blocks, &mut words);
        let at = self.written_bytes;
        self.written_bytes += 4 * words.len() as u64;
        (at, words)
    }
}
